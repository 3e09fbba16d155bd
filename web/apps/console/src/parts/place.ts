import type { NumberPlace } from "@yingda/wire";
import { said, t } from "../i18n";

/** Where a number is from and whose network its prefix belongs to (归属地). */
export function placeWords(it: NumberPlace | undefined): string {
  if (!it) return "";
  const sort = it.sort === "mobile" && it.carrier ? t(`parts.place.carrier.${it.carrier}`) : t(`parts.place.sort.${it.sort}`);
  return [it.town ? said(it.town) : "", sort].filter(Boolean).join(" ");
}
