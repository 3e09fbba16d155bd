import { kindSpec, nothing } from "../describe";
import { NAME, NEEDS } from "./shared";

export const skill = kindSpec({
  kind: "skill",
  needs: ["manage_routing"],
  groups: [{ key: "skill", fields: [NAME] }],
  blank: () => ({ kind: "skill", name: nothing() }),
  name: (it) => it.name,
  facts: () => [],
});

export const line = kindSpec({
  kind: "line",
  needs: ["manage_routing"],
  groups: [{ key: "line", fields: [NAME, { key: "zone", as: "zone" }] }],
  blank: () => ({ kind: "line", name: nothing(), zone: "Asia/Shanghai" }),
  name: (it) => it.name,
  facts: (it) => [it.zone],
});

const STRATEGIES = ["longest_idle", "least_loaded", "round_robin", "highest_skill"] as const;

export const queue = kindSpec({
  kind: "queue",
  needs: ["manage_routing"],
  groups: [
    { key: "queue", fields: [NAME, { key: "line", as: "ref", kind: "line" }, { key: "calendar", as: "ref", kind: "calendar", maybe: true }] },
    {
      key: "who",
      fields: [
        { key: "teams", as: "refs", kind: "team" },
        { key: "users", as: "refs", kind: "user" },
        NEEDS,
      ],
    },
    {
      key: "giving",
      fields: [
        { key: "strategy", as: "choice", of: STRATEGIES, words: "strategy" },
        { key: "priority", as: "number", min: 1, max: 99 },
        { key: "weight_pct", as: "number", min: 1, max: 1_000, unit: "pct" },
        { key: "auto_accept", as: "switch" },
        { key: "answer_timeout_s", as: "number", min: 3, max: 3_600, unit: "s" },
        { key: "last_agent_wait_s", as: "number", min: 0, max: 3_600, unit: "s" },
        { key: "last_agent_within_days", as: "number", min: 0, max: 3_650, unit: "d" },
      ],
    },
    {
      key: "waiting",
      fields: [
        { key: "threshold_s", as: "number", min: 1, max: 3_600, unit: "s" },
        { key: "max_waiting", as: "number", min: 0, max: 1_000_000, maybe: true },
        { key: "overflow", as: "own", part: "overflow", full: true },
      ],
    },
    {
      key: "after",
      fields: [
        { key: "idle_warn_s", as: "number", min: 0, max: 604_800, unit: "s" },
        { key: "idle_close_s", as: "number", min: 0, max: 604_800, unit: "s" },
        { key: "wrap_up_s", as: "number", min: 0, max: 3_600, unit: "s" },
        { key: "form", as: "ref", kind: "form", maybe: true },
      ],
    },
    {
      key: "texts",
      fields: [
        { key: "greeting", as: "text", long: true, full: true },
        { key: "waiting_text", as: "text", long: true, full: true },
        { key: "after_hours_text", as: "text", long: true, full: true },
      ],
    },
  ],
  blank: () => ({
    kind: "queue", name: nothing(), line: "", teams: [], users: [], strategy: "longest_idle", needs: [], priority: 50, weight_pct: 100, max_waiting: null,
    overflow: [], calendar: null, auto_accept: true, answer_timeout_s: 15, last_agent_wait_s: 0, last_agent_within_days: 30, wrap_up_s: 60, threshold_s: 20,
    idle_warn_s: 300, idle_close_s: 600, form: null, greeting: nothing(), waiting_text: nothing(), after_hours_text: nothing(),
  }),
  name: (it) => it.name,
  facts: (it, told) => [told.t(`admin.value.strategy.${it.strategy}`), told.name("line", it.line), told.t("admin.priorityIs", { priority: it.priority })],
});

export const calendar = kindSpec({
  kind: "calendar",
  needs: ["manage_routing"],
  groups: [
    { key: "calendar", fields: [NAME, { key: "zone", as: "zone" }] },
    { key: "week", fields: [{ key: "week", as: "own", part: "week", full: true }] },
    { key: "days", fields: [{ key: "days", as: "own", part: "days", full: true }] },
  ],
  blank: () => {
    const day = () => [{ from: 540, to: 1_080 }];
    return { kind: "calendar", name: nothing(), zone: "Asia/Shanghai", week: [day(), day(), day(), day(), day(), [], []], days: {} };
  },
  name: (it) => it.name,
  facts: (it, told) => [it.zone, told.t("admin.dayCount", { count: Object.keys(it.days).length })],
});
