import { kindSpec, nothing } from "../describe";
import { NAME } from "../kinds/shared";

/** Flows: what callers meet before people answer. */
export const flow = kindSpec({
  kind: "flow",
  needs: ["manage_routing"],
  groups: [
    { key: "flow", fields: [NAME, { key: "note", as: "line", full: true }] },
    { key: "draft", fields: [{ key: "draft", as: "own", part: "flow", full: true, bare: true }] },
  ],
  blank: () => ({ kind: "flow", name: nothing(), note: "", draft: { start: "", nodes: {} }, live: null }),
  name: (it) => it.name,
  facts: (it, told) => [
    it.live ? told.t("admin.flow.liveIs", { version: it.live.version }) : told.t("admin.flow.notLive"),
    told.t("admin.flow.stepCount", { count: Object.keys(it.draft?.nodes ?? {}).length }),
  ],
});
