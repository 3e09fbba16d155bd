import type { TableColumn } from "@yingda/ui";
import type { TicketRow } from "@yingda/wire";
import { nameOf } from "../../floor/names";
import { said, t } from "../../i18n";
import { brief } from "../../when";
import { answerWord } from "../../parts/answerWord";
import { kindName, kindOf } from "./kinds";

/** An answer of the kind that the list is narrowed to. */
const FIELD = "field:";

/** What a column of tickets shows as plain words; the others are drawn. */
const WORDS: Record<string, (it: TicketRow) => string> = {
  serial: (it) => it.serial,
  of: (it) => kindName(it.of),
  customer: (it) => it.customer_name,
  severity: (it) => String(it.severity),
  team: (it) => nameOf("team", it.team),
  owner: (it) => nameOf("user", it.owner) || nameOf("team", it.team) || t("tickets.unowned"),
  author: (it) => nameOf("user", it.author),
  received: (it) => brief(it.received_at),
  created: (it) => brief(it.created_at),
  updated: (it) => brief(it.updated_at),
};
const TRACKS: Record<string, Omit<TableColumn, "key" | "title">> = {
  sla: { width: "136px", wide: true },
  serial: { width: "138px", wide: true },
  title: { width: "minmax(120px, 2fr)" },
  of: { width: "minmax(72px, 0.6fr)", wide: true },
  customer: { width: "minmax(72px, 0.6fr)", wide: true },
  state: { width: "104px" },
  severity: { width: "56px", wide: true },
  team: { width: "minmax(84px, 0.7fr)", wide: true },
  owner: { width: "minmax(84px, 0.7fr)", wide: true },
  author: { width: "minmax(84px, 0.7fr)", wide: true },
  received: { width: "72px", end: true, wide: true },
  created: { width: "72px", end: true, wide: true },
  updated: { width: "72px", end: true, wide: true },
};
export const USUAL: readonly string[] = ["sla", "serial", "title", "of", "customer", "state", "owner", "updated"];

/** Every column that may be shown; with a kind also its fields. */
export function allColumns(of: string): { key: string; title: string }[] {
  const own = (kindOf(of)?.fields ?? []).map((it) => ({ key: `${FIELD}${it.key}`, title: said(it.label) }));
  return [...Object.keys(TRACKS).map((key) => ({ key, title: t(`tickets.column.${key}`) })), ...own];
}

/** The chosen columns, in their order. A ticket without a title could not be told from another. */
export function columnsOf(chosen: string, of: string): TableColumn[] {
  const keys = chosen ? chosen.split(",") : USUAL;
  return allColumns(of)
    .filter((it) => it.key === "title" || keys.includes(it.key))
    .map((it) => ({ ...it, ...(TRACKS[it.key] ?? { width: "minmax(90px, 0.8fr)", wide: true }) }));
}

/** What stands in a cell as words; nothing where it is drawn. */
export function wordsOf(row: TicketRow, key: string): string | null {
  if (!key.startsWith(FIELD)) return WORDS[key]?.(row) ?? null;
  const field = kindOf(row.of)?.fields.find((it) => `${FIELD}${it.key}` === key);
  return answerWord(field, row.values[key.slice(FIELD.length)] ?? "");
}
