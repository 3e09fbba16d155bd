import { kindSpec, nothing } from "../describe";
import { choicesOf, formOf, openFormOf, NAME, NEEDS } from "./shared";

/** Words to customers that are switched off. */
const noNotice = () => ({ on: false, text: nothing() });

export const widget = kindSpec({
  kind: "widget",
  needs: ["manage_widgets"],
  groups: [
    { key: "widget", fields: [NAME, { key: "line", as: "ref", kind: "line" }, { key: "queue", as: "ref", kind: "queue" }] },
    {
      key: "look",
      fields: [
        { key: "title", as: "text", full: true },
        { key: "welcome", as: "text", long: true, full: true },
        { key: "accent", as: "colour" },
        { key: "position", as: "choice", of: ["right", "left"], words: "corner" },
        { key: "languages", as: "choices", of: ["zh", "en"], words: "lang" },
        { key: "quick_questions", as: "list", scope: "question", full: true, texts: true, fields: () => [], blank: nothing },
      ],
    },
    {
      key: "before",
      fields: [
        {
          key: "topics", as: "list", scope: "topic", full: true, blank: () => ({ label: nothing(), queue: "", needs: [] }),
          fields: () => [{ key: "label", as: "text" }, { key: "queue", as: "ref", kind: "queue" }, NEEDS],
        },
        openFormOf("pre_chat"),
        openFormOf("offline_form"),
      ],
    },
    {
      key: "during",
      fields: [
        { key: "ask_rating", as: "switch" },
        { key: "allow_files", as: "switch" },
        { key: "sneak_preview", as: "switch" },
      ],
    },
    {
      key: "privacy",
      fields: [
        { key: "notice", as: "text", long: true, full: true },
        { key: "notice_version", as: "number", min: 0, max: 1_000_000 },
        { key: "ask_guardian", as: "switch" },
        { key: "wait_for_consent", as: "switch" },
        { key: "require_identity", as: "switch" },
        { key: "origins", as: "words", full: true },
      ],
    },
  ],
  blank: () => ({
    kind: "widget", name: nothing(), line: "", queue: "", topics: [], pre_chat: [], offline_form: [], origins: [], require_identity: false, accent: "#0b7a86",
    position: "right", title: { zh: "在线客服", en: "Chat with us" }, welcome: nothing(), quick_questions: [], notice: nothing(), notice_version: 0,
    ask_guardian: false, wait_for_consent: false, sneak_preview: false, ask_rating: true, allow_files: true, languages: ["zh", "en"],
  }),
  name: (it) => it.name,
  facts: (it, told) => [told.name("queue", it.queue), it.origins.join(" ")],
});

export const invitation = kindSpec({
  kind: "invitation",
  needs: ["manage_widgets"],
  groups: [
    { key: "invitation", fields: [NAME, { key: "widget", as: "ref", kind: "widget" }, { key: "enabled", as: "switch" }] },
    {
      key: "when",
      fields: [
        { key: "page_contains", as: "line" },
        { key: "source_contains", as: "line" },
        { key: "dwell_s", as: "number", min: 0, max: 86_400, unit: "s" },
        { key: "cap_hours", as: "number", min: 0, max: 8_760, unit: "h" },
        { key: "returning", as: "either", words: "returning" },
        { key: "only_staffed", as: "switch" },
      ],
    },
    { key: "say", fields: [{ key: "text", as: "text", long: true, full: true }, { key: "variant", as: "text", long: true, full: true }] },
  ],
  blank: () => ({
    kind: "invitation", name: nothing(), widget: "", page_contains: "", dwell_s: 30, source_contains: "", returning: null, only_staffed: true,
    text: nothing(), variant: nothing(), cap_hours: 24, enabled: true,
  }),
  name: (it) => it.name,
  facts: (it, told) => [told.name("widget", it.widget), it.enabled ? "" : told.t("admin.disabled")],
});

const EVENTS = ["conversation_started", "assigned", "message_posted", "conversation_closed", "rated", "record_saved", "message_left", "customer_changed"] as const;

export const webhook = kindSpec({
  kind: "webhook",
  needs: ["manage_integrations"],
  groups: [{ key: "webhook", fields: [{ key: "name", as: "line" }, { key: "enabled", as: "switch" }, { key: "url", as: "line", full: true }, { key: "kinds", as: "words", usual: EVENTS, full: true }] }],
  blank: () => ({ kind: "webhook", name: "", url: "https://", kinds: [], enabled: true }),
  name: (it) => it.name,
  facts: (it, told) => [it.url, it.enabled ? "" : told.t("admin.disabled")],
});

export const ban = kindSpec({
  kind: "ban",
  needs: ["manage_bans"],
  groups: [{ key: "ban", fields: [{ key: "what", as: "choice", of: ["visitor", "ip"], words: "banWhat" }, { key: "value", as: "line" }, { key: "why", as: "line", full: true }, { key: "until_at", as: "moment" }] }],
  blank: () => ({ kind: "ban", what: "ip", value: "", why: "", until_at: null }),
  name: (it) => it.value,
  facts: (it, told) => [told.t(`admin.value.banWhat.${it.what}`), it.until_at ? told.t(it.until_at > Date.now() ? "admin.banUntil" : "admin.banEnded", { at: told.exact(it.until_at) }) : "", it.why ?? ""],
});

export const settings = kindSpec({
  kind: "settings",
  needs: ["manage_settings"],
  groups: [
    { key: "company", fields: [{ key: "company", as: "text", full: true }, { key: "letter_head", as: "text", long: true, full: true }, { key: "show_staff_no", as: "switch" }] },
    {
      key: "service",
      fields: [
        { key: "aging_s", as: "number", min: 1, max: 86_400, unit: "s" },
        { key: "grace_s", as: "number", min: 1, max: 3_600, unit: "s" },
        { key: "reopen_hours", as: "number", min: 0, max: 8_760, unit: "h" },
        { key: "recall_s", as: "number", min: 0, max: 3_600, unit: "s" },
        {
          key: "break_reasons", as: "list", scope: "reason", full: true, blank: () => ({ key: "", label: nothing(), is_break: true }),
          fields: () => [{ key: "key", as: "line" }, { key: "label", as: "text" }, { key: "is_break", as: "switch" }],
        },
      ],
    },
    {
      key: "customers",
      fields: [
        {
          key: "customers", as: "part", scope: "customers", full: true, bare: true,
          fields: () => [formOf("fields"), choicesOf("tiers"), choicesOf("areas"), choicesOf("purposes"), { key: "check_days", as: "number", min: 1, max: 3_650, unit: "d" }],
        },
      ],
    },
    {
      key: "leads",
      fields: [
        {
          key: "leads", as: "part", scope: "leads", full: true, bare: true,
          fields: () => [
            { key: "people", as: "list", scope: "leadPerson", full: true, blank: () => ({ user: "0", areas: [] }), fields: () => [{ key: "user", as: "ref", kind: "user" }, { key: "areas", as: "words" }] },
            { key: "first_min", as: "number", min: 0, max: 527_040, unit: "min" },
            { key: "again_min", as: "number", min: 0, max: 527_040, unit: "min" },
          ],
        },
      ],
    },
    {
      key: "portal",
      fields: [
        {
          key: "portal", as: "part", scope: "portal", full: true, bare: true, maybe: () => ({ requests: null, greeting: nothing() }),
          fields: () => [{ key: "requests", as: "ref", kind: "ticket_type", maybe: true }, { key: "greeting", as: "text", long: true, full: true }],
        },
      ],
    },
    {
      key: "orders",
      fields: [
        {
          key: "orders", as: "part", scope: "orders", full: true, bare: true,
          fields: () => [
            { key: "exception", as: "ref", kind: "ticket_type", maybe: true },
            ...(["shipped", "out_for_delivery", "delivered", "delayed"] as const).map((key) => ({
              key, as: "part" as const, scope: "orderNotice", full: true,
              fields: () => [{ key: "on", as: "switch" as const }, { key: "text", as: "text" as const, long: true, full: true }],
            })),
          ],
        },
      ],
    },
    { key: "targets", fields: [{ key: "csat_good", as: "number", min: 2, max: 5 }, { key: "targets", as: "own", part: "targets", full: true, bare: true }] },
    {
      key: "security",
      fields: [
        { key: "password_min", as: "number", min: 8, max: 64 },
        { key: "require_totp", as: "switch" },
        { key: "second_sign_in_takes_over", as: "switch" },
      ],
    },
  ],
  blank: () => ({
    kind: "settings", company: nothing(), letter_head: nothing(), aging_s: 30, grace_s: 20, reopen_hours: 24, recall_s: 120, second_sign_in_takes_over: true, show_staff_no: false,
    break_reasons: [], password_min: 10, require_totp: false, csat_good: 4, portal: null, targets: {}, customers: { fields: [], tiers: [], areas: [], purposes: [], check_days: 365 },
    leads: { people: [], first_min: 0, again_min: 0 },
    orders: { exception: null, shipped: noNotice(), out_for_delivery: noNotice(), delivered: noNotice(), delayed: noNotice() },
  }),
  name: (it) => it.company,
  facts: () => [],
});
