import type { Aspect, Condition, RecordKind, RuleAct, RuleEvent, RuleStep, Test } from "@yingda/wire";
import { kindSpec, nothing } from "../describe";
import { NAME } from "../kinds/shared";

export const EVENTS = [
  "ticket_opened", "ticket_moved", "ticket_edited", "ticket_noted", "ticket_urged", "ticket_reopened", "ticket_late", "approval_answered",
  "promise_broken", "date_near", "conversation_closed", "conversation_rated", "survey_answered", "customer_changed",
] as const satisfies readonly RuleEvent[];

const ofTicket = (when: RuleEvent) => !["conversation_closed", "conversation_rated", "customer_changed"].includes(when);

/** What may be asked of whatever sets a rule off. */
export function aspectsOf(when: RuleEvent): Aspect[] {
  const all: Aspect[] = [];
  if (ofTicket(when)) all.push("kind", "state", "phase", "severity", "team", "owner", "title", "field", "urged", "reopened");
  if (when === "conversation_rated") all.push("rating");
  if (when === "survey_answered") all.push("survey", "csat", "nps", "ces");
  if (!ofTicket(when) && when !== "customer_changed") all.push("owner");
  if (when !== "customer_changed") all.push("medium", "channel", "queue");
  return [...all, "line", ...OF_CUSTOMER];
}

/** What may be asked of a customer alone, and of what they did. */
const OF_CUSTOMER = ["vip", "tag", "segment", "tier", "area", "person", "card_field"] as const satisfies readonly Aspect[];
const COUNTED = ["silent", "contacts", "tickets", "known"] as const satisfies readonly Aspect[];
export const SEGMENT_ASPECTS: readonly Aspect[] = [...COUNTED, ...OF_CUSTOMER, "owner", "line"];
/** What is counted within a span of days. */
export const isSpanned = (what: Aspect | undefined): boolean => what === "contacts" || what === "tickets";

/** How an aspect is tested; the first one is usual. */
export function testsOf(what: Aspect): Test[] {
  switch (what) {
    case "severity":
    case "urged":
    case "reopened":
    case "rating":
    case "csat":
    case "nps":
    case "ces":
      return ["is", "above", "below"];
    case "title":
      return ["contains"];
    case "silent":
    case "contacts":
    case "tickets":
    case "known":
      return ["above", "below"];
    case "field":
    case "card_field":
      return ["is", "is_not", "contains", "above", "below", "empty", "filled"];
    case "team":
    case "owner":
    case "channel":
    case "queue":
    case "tag":
    case "segment":
    case "tier":
    case "area":
      return ["is", "is_not", "empty", "filled"];
    default:
      return ["is", "is_not"];
  }
}

/** Whose names are the answers, where they are records. */
export const ASPECT_RECORDS: Partial<Record<Aspect, RecordKind>> = {
  kind: "ticket_type", team: "team", owner: "user", line: "line", channel: "channel", queue: "queue", tag: "tag", segment: "segment", survey: "survey",
};
export const takesValues = (test: Test): boolean => test !== "empty" && test !== "filled";

export const ACTS = ["open_ticket", "assign", "severity", "field", "watch", "note", "tell", "tag", "message"] as const satisfies readonly RuleAct["act"][];
const NEED_TICKET: readonly RuleAct["act"][] = ["assign", "severity", "field", "watch", "note"];
export const actsOf = (when: RuleEvent): RuleAct["act"][] => ACTS.filter((act) => ofTicket(when) || !NEED_TICKET.includes(act));

/** An id of nothing: it can be sent, and is refused where it stands. */
export const NOBODY = "0";

/** An act before anything of it is chosen. */
export function blankAct(act: RuleAct["act"]): RuleAct {
  switch (act) {
    case "open_ticket":
      return { act, of: NOBODY, title: "", bond: "link", team: null, owner: null, severity: null, values: {} };
    case "assign":
      return { act, team: null, owner: null };
    case "severity":
      return { act, severity: 1 };
    case "field":
      return { act, field: "", value: "" };
    case "watch":
      return { act, user: NOBODY };
    case "note":
      return { act, text: "" };
    case "tell":
      return { act, to: ["leader"], text: "" };
    case "tag":
      return { act, tag: NOBODY };
    case "message":
      return { act, channel: NOBODY, text: "" };
  }
}

export const blankCondition = (what: Aspect): Condition => ({ what, field: "", of: null, days: isSpanned(what) ? 90 : 0, test: testsOf(what)[0] ?? "is", values: [] });
export const blankStep = (): RuleStep => ({ delay_min: 0, percent: 100, does: blankAct("open_ticket") });

const UNITS = [["d", 1_440], ["h", 60], ["min", 1]] as const;
export type DelayUnit = (typeof UNITS)[number][0];
/** A span in the largest unit that it fills. */
export function spanOf(minutes: number): { count: number; unit: DelayUnit } {
  const [unit, size] = UNITS.find(([, size]) => minutes > 0 && minutes % size === 0) ?? UNITS[2];
  return { count: minutes / size, unit };
}
export const minutesOf = (count: number, unit: DelayUnit): number => count * (UNITS.find(([it]) => it === unit)?.[1] ?? 1);

const isDated = (it: Record<string, unknown>): boolean => it.when === "date_near";

/** Rules that act by themselves: when this happens, and it is of that kind, then do this. */
export const rule = kindSpec({
  kind: "rule",
  needs: ["manage_tickets"],
  groups: [
    { key: "rule", fields: [NAME, { key: "enabled", as: "switch" }] },
    { key: "when", fields: [{ key: "when", as: "choice", of: EVENTS, words: "rule_event", bare: true, full: true }, { key: "field", as: "own", part: "dateField", only: isDated }, { key: "days", as: "number", min: -366, max: 366, unit: "d", only: isDated }] },
    { key: "if", fields: [{ key: "conditions", as: "own", part: "conditions", full: true, bare: true }, { key: "any", as: "switch", only: (it) => (it.conditions as unknown[]).length > 1 }] },
    { key: "then", fields: [{ key: "steps", as: "own", part: "steps", full: true, bare: true }] },
    { key: "try", fields: [{ key: "try", as: "own", part: "dryRun", full: true, bare: true }] },
  ],
  blank: () => ({ kind: "rule", name: nothing(), enabled: true, when: "ticket_opened", field: "", days: 7, any: false, conditions: [], steps: [blankStep()] }),
  name: (it) => it.name,
  facts: (it, told) => [
    it.enabled === false ? told.t("admin.disabled") : "",
    told.t(`admin.value.rule_event.${it.when ?? "ticket_opened"}`),
    ...(it.steps ?? []).slice(0, 2).map((step) => told.t(`admin.rule.act.${step.does?.act ?? "note"}`)),
  ],
});
