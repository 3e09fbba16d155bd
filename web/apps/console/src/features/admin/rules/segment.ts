import { kindSpec, nothing } from "../describe";
import { NAME } from "../kinds/shared";
import { blankCondition } from "./record";

/** Customers who have something in common, by the same kind of conditions as rules have. */
export const segment = kindSpec({
  kind: "segment",
  needs: ["manage_tags"],
  groups: [
    { key: "segment", fields: [NAME, { key: "note", as: "line", full: true }] },
    { key: "if", fields: [{ key: "conditions", as: "own", part: "conditions", full: true, bare: true }, { key: "any", as: "switch", only: (it) => (it.conditions as unknown[]).length > 1 }] },
  ],
  blank: () => ({ kind: "segment", name: nothing(), note: "", any: false, conditions: [blankCondition("silent")] }),
  name: (it) => it.name,
  facts: (it, told) => [it.note ?? "", ...(it.conditions ?? []).slice(0, 3).map((one) => told.t(`admin.rule.aspect.${one.what ?? "vip"}`))],
});
