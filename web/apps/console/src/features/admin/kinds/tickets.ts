import type { TicketFact } from "@yingda/wire";
import { freshKey, kindSpec, nothing, type FieldSpec } from "../describe";
import { formOf, NAME } from "./shared";

const PHASES = ["open", "waiting", "solved", "closed"] as const;

const stateFields = (): FieldSpec[] => [
  { key: "name", as: "text" },
  { key: "phase", as: "choice", of: PHASES, words: "phase" },
  { key: "key", as: "line" },
  { key: "confirmed", as: "switch", only: (it) => it.phase === "closed" },
  { key: "colour", as: "tint", full: true },
];

const moveFields = (): FieldSpec[] => [
  { key: "name", as: "text" },
  { key: "from", as: "pick", from: "states", several: true },
  { key: "to", as: "pick", from: "states" },
  { key: "key", as: "line" },
  { key: "needs", as: "pick", from: "fields", several: true },
  { key: "consents", as: "own", part: "purposes" },
  { key: "needs_attempts", as: "number", min: 0, max: 30 },
  { key: "needs_reason", as: "switch" },
  { key: "needs_checklist", as: "switch" },
  { key: "needs_tasks", as: "switch" },
  { key: "approval", as: "switch" },
  {
    key: "limit", as: "part", scope: "amountLimit", maybe: () => ({ field: "", most: 0 }),
    fields: () => [{ key: "field", as: "pick", from: "fields" }, { key: "most", as: "number", min: 0, max: 1_000_000_000 }],
  },
];

const stepFields = (): FieldSpec[] => [
  { key: "percent", as: "number", min: 0, max: 1_000, unit: "pct" },
  { key: "to", as: "own", part: "escalate" },
  { key: "severity", as: "number", min: 1, max: 4 },
];

const clockFields = (): FieldSpec[] => [
  { key: "name", as: "text" },
  { key: "minutes", as: "number", min: 1, max: 5_270_400, unit: "min" },
  { key: "calendar", as: "ref", kind: "calendar", maybe: true },
  { key: "key", as: "line" },
  { key: "starts_in", as: "pick", from: "states", maybe: true },
  { key: "stops_in", as: "pick", from: "states", several: true },
  { key: "pauses_in", as: "pick", from: "states", several: true },
  { key: "first_reply", as: "switch" },
  { key: "by_severity", as: "own", part: "by_severity", full: true },
  { key: "steps", as: "list", scope: "ticketStep", full: true, fields: stepFields, blank: () => ({ percent: 80, severity: 4, to: "owner" }) },
];

const FACTS = ["serial", "kind", "title", "state", "phase", "severity", "customer", "team", "owner", "received", "due", "solved", "closed", "late", "urged"] as const satisfies readonly TicketFact[];
const sectionFields = (): FieldSpec[] => [
  { key: "title", as: "text" },
  { key: "facts", as: "choices", of: FACTS, words: "ticket_fact", full: true },
  { key: "fields", as: "pick", from: "fields", several: true, full: true },
  { key: "blank", as: "switch" },
];
const section = (title: { zh: string; en: string }, facts: TicketFact[]) => ({ title, facts, fields: [], blank: false });
const paperFields = (): FieldSpec[] => [
  { key: "header", as: "text", long: true, full: true },
  { key: "sections", as: "list", scope: "paperSection", full: true, fields: sectionFields, blank: () => section(nothing(), []) },
  { key: "signatures", as: "list", scope: "paperSignature", full: true, fields: () => [{ key: "name", as: "text" }], blank: () => ({ name: nothing() }) },
];

const move = (key: string, name: { zh: string; en: string }, from: string[], to: string) => ({
  key, name, from, to, needs: [], consents: [], needs_reason: false, needs_checklist: false, needs_tasks: false, needs_attempts: 0, approval: false, limit: null,
});
const clock = (key: string, name: { zh: string; en: string }, stops_in: string[], steps: { percent: number; severity: number; to: "owner" | "leader" }[]) => ({
  key, name, minutes: 1_440, by_severity: {}, calendar: null, starts_in: "", stops_in, pauses_in: [], first_reply: false, steps,
});

/** Kinds of tickets: what is asked, through which states it goes, and how fast. A new one works as soon as it is named. */
const MEASURES = ["complaint", "feedback", "order_exception", "revisit"] as const;
export const ticketType = kindSpec({
  kind: "ticket_type",
  needs: ["manage_tickets"],
  groups: [
    {
      key: "kind",
      fields: [
        NAME,
        { key: "prefix", as: "line" },
        { key: "severity", as: "number", min: 1, max: 4 },
        { key: "team", as: "ref", kind: "team", maybe: true },
        { key: "counts_as", as: "choice", of: MEASURES, words: "measure", maybe: true },
        { key: "retired", as: "switch" },
        { key: "hint", as: "text", long: true, full: true },
      ],
    },
    { key: "fields", fields: [formOf("fields"), { key: "about", as: "pick", from: "fields", maybe: true }] },
    { key: "picture", fields: [{ key: "picture", as: "own", part: "picture", full: true, bare: true }] },
    {
      key: "states",
      fields: [{ key: "states", as: "list", scope: "ticketState", full: true, bare: true, fields: stateFields, blank: (others) => ({ key: freshKey("state", others), name: nothing(), phase: "open", colour: "grey", confirmed: false }) }],
    },
    {
      key: "moves",
      fields: [{ key: "moves", as: "list", scope: "ticketMove", full: true, bare: true, fields: moveFields, blank: (others) => move(freshKey("move", others), nothing(), [], "") }],
    },
    {
      key: "clocks",
      fields: [{ key: "clocks", as: "list", scope: "ticketClock", full: true, bare: true, fields: clockFields, blank: (others) => clock(freshKey("clock", others), nothing(), [], []) }],
    },
    {
      key: "paper",
      fields: [
        {
          key: "paper", as: "part", scope: "ticketPaper", full: true, fields: paperFields,
          maybe: () => ({ header: nothing(), sections: [section({ zh: "基本情况", en: "Particulars" }, ["serial", "title", "customer", "received", "owner"])], signatures: [{ name: { zh: "客户签字", en: "Customer" } }] }),
        },
        { key: "paper_preview", as: "own", part: "paper_preview", full: true, bare: true },
      ],
    },
    {
      key: "checklist",
      fields: [{ key: "checklist", as: "list", scope: "ticketCheck", full: true, bare: true, fields: () => [{ key: "name", as: "text" }, { key: "key", as: "line" }], blank: (others) => ({ key: freshKey("item", others), name: nothing() }) }],
    },
  ],
  blank: () => ({
    kind: "ticket_type", name: nothing(), prefix: "", hint: nothing(), team: null, severity: 3, fields: [], about: "", retired: false, counts_as: null, paper: null, checklist: [],
    states: [
      { key: "new", name: { zh: "待处理", en: "New" }, phase: "open", colour: "blue", confirmed: false },
      { key: "doing", name: { zh: "处理中", en: "In progress" }, phase: "open", colour: "amber", confirmed: false },
      { key: "done", name: { zh: "已完成", en: "Done" }, phase: "closed", colour: "green", confirmed: false },
    ],
    moves: [move("start", { zh: "开始处理", en: "Start" }, ["new"], "doing"), move("finish", { zh: "完成", en: "Finish" }, ["doing"], "done")],
    clocks: [clock("solve", { zh: "处理时限", en: "Time to solve" }, ["done"], [{ percent: 80, severity: 4, to: "owner" }, { percent: 100, severity: 4, to: "leader" }])],
  }),
  name: (it) => it.name,
  facts: (it, told) => [
    it.prefix,
    told.t("admin.stateCount", { count: it.states.length }),
    told.t("admin.fieldCount", { count: it.fields.length }),
    told.name("team", it.team),
    it.retired ? told.t("admin.disabled") : "",
  ],
});
