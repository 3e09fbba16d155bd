import { t } from "../i18n";
import { reasonOf } from "./reason";

/** Why a message did not leave, in the reader's language where it is our own reason. */
export function told(error: string): string {
  const reason = reasonOf(error);
  return reason ? t(`parts.why.${reason.key}`, { ...reason }) : error;
}
