import { kindSpec, nothing } from "../describe";
import { NAME } from "../kinds/shared";
import { blankSetup, mediumOf } from "./kinds";

export const channel = kindSpec({
  kind: "channel",
  needs: ["manage_integrations"],
  groups: [
    {
      key: "channel",
      fields: [
        NAME,
        { key: "queue", as: "ref", kind: "queue" },
        { key: "lang", as: "choice", of: ["zh", "en"], words: "lang" },
        { key: "enabled", as: "switch" },
      ],
    },
    { key: "setup", fields: [{ key: "setup", as: "own", part: "setup", full: true }] },
    {
      key: "leaving",
      fields: [
        { key: "undo_s", as: "number", min: 0, max: 600, unit: "s" },
        { key: "per_second", as: "number", min: 0, max: 10_000 },
      ],
    },
  ],
  blank: () => ({ kind: "channel", name: nothing(), enabled: true, queue: "", lang: "zh", undo_s: 0, per_second: 0, setup: blankSetup("platform") }),
  name: (it) => it.name,
  facts: (it, told) => [told.t(`admin.value.channelKind.${it.setup.type}`), told.name("queue", it.queue), it.enabled ? "" : told.t("admin.disabled")],
  medium: (it) => mediumOf(it.setup.type),
  columns: [
    { key: "kind", width: "minmax(90px, 0.8fr)", wide: true },
    { key: "queue", width: "minmax(80px, 0.8fr)", wide: true },
    { key: "enabled", width: "64px", wide: true },
    { key: "in", width: "92px", wide: true },
    { key: "out", width: "92px" },
    { key: "waiting", width: "88px", end: true },
    { key: "failed", width: "56px", end: true },
    { key: "done", width: "84px", end: true, wide: true },
  ],
});
