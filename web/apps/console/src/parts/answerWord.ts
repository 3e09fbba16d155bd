import type { Field } from "@yingda/wire";
import { nameOf } from "../floor/names";
import { said, t } from "../i18n";
import { pathTo } from "./answers";

/** An answer as people read it: names for people, labels for choices. */
export function answerWord(field: Field | undefined, value: string): string {
  if (!value || !field) return value;
  switch (field.shape) {
    case "choice":
      return pathTo(field.options, value).map((it) => said(it.label)).join(" / ") || value;
    case "person":
      return nameOf("user", value);
    case "consent":
      return t(value === "yes" ? "parts.yes" : "parts.no");
    case "file":
      return t("parts.openFile");
    default:
      return value;
  }
}
