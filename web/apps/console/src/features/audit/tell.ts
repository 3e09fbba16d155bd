import type { Actor } from "@yingda/wire";
import { nameOf } from "../../floor/names";
import { t } from "../../i18n";

/** Who did it, in words. */
export function actorName(by: Actor): string {
  switch (by.type) {
    case "user":
      return nameOf("user", by.id);
    case "visitor":
      return t("shell.visitor", { number: by.id.slice(-4) });
    case "api":
      return t("audit.api");
    case "bot":
      return t("desk.bot");
    default:
      return t("desk.system");
  }
}
