import { kindSpec, nothing } from "../describe";
import { formOf, NAME } from "./shared";

export const reply = kindSpec({
  kind: "reply",
  needs: ["reply_shared"],
  groups: [
    {
      key: "reply",
      fields: [
        { key: "title", as: "text", full: true },
        { key: "shortcut", as: "line" },
        { key: "folder", as: "line" },
        { key: "text", as: "text", long: true, full: true },
      ],
    },
  ],
  blank: () => ({ kind: "reply", title: nothing(), text: nothing(), shortcut: "", folder: "", owner: null }),
  name: (it) => it.title,
  facts: (it, told) => [it.shortcut ? `/${it.shortcut}` : "", it.folder, it.owner ? told.t("admin.personal") : "", told.said(it.text)],
});

export const tag = kindSpec({
  kind: "tag",
  needs: ["manage_tags"],
  groups: [{ key: "tag", fields: [NAME, { key: "colour", as: "tint" }] }],
  blank: () => ({ kind: "tag", name: nothing(), colour: "grey" }),
  name: (it) => it.name,
  facts: (it, told) => [told.t(`desk.colour.${it.colour}`)],
});

export const form = kindSpec({
  kind: "form",
  needs: ["manage_forms"],
  groups: [
    { key: "form", fields: [NAME] },
    { key: "fields", fields: [formOf("fields")] },
  ],
  blank: () => ({ kind: "form", name: nothing(), fields: [] }),
  name: (it) => it.name,
  facts: (it, told) => [told.t("admin.fieldCount", { count: it.fields.length })],
});
