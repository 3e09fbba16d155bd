import type { RecordKind } from "@yingda/wire";
import { i18n, said, t } from "../../i18n";
import { me } from "../../session";

/** Whether there are words under this key. */
export const hasWords = (key: string) => i18n.global.te(key, i18n.global.locale.value) || i18n.global.te(key, "zh");

/** A field's name as its editor shows it; the key itself where it has none. */
export function fieldLabel(scope: string, key: string): string {
  const place = [`admin.field.${scope}.${key}`, `admin.field.any.${key}`].find(hasWords);
  return place ? t(place) : key;
}

/** A heading's words inside a sentence: in English they begin small, unless they are an abbreviation. */
export const inside = (words: string): string => (/^[A-Z][a-z]/.test(words) ? words.charAt(0).toLowerCase() + words.slice(1) : words);

/** A place inside a record, such as `greeting.zh` or `needs.0.level`, in the words of its editor. */
export function placeLabel(kind: RecordKind, path: string): string {
  const [first = "", ...rest] = path.split(".");
  if (kind === "calendar" && first === "week" && rest[0]) return t(`admin.weekday.${rest[0]}`);
  const parts = rest.map((part) => (/^\d{1,3}$/.test(part) ? String(Number(part) + 1) : part === "zh" || part === "en" ? t(`parts.${part}`) : fieldLabel("any", part)));
  return [fieldLabel(kind, first), ...parts].join(" › ");
}

/** A stored value as people read it: names for numbers of records, words for yes and no. */
export function valueWord(value: string): string {
  if (value === "true" || value === "false") return t(`parts.${value === "true" ? "yes" : "no"}`);
  return said(me.value?.names.find((it) => it.id === value)?.name) || value;
}
