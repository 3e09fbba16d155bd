import { t } from "../../i18n";
import { parts } from "./clock";

/** `3天4小时`, `2小时5分`, `12分钟` */
export function spanWords(ms: number): string {
  const { unit, ...numbers } = parts(ms);
  return t(`tickets.span.${unit}`, numbers);
}
