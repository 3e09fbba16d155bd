import type { Action, Medium, RecordKind, RecordOf, Text } from "@yingda/wire";

/** How one field of a record is written. Labels and explanations stand in the words, under `scope` and `key`. */
export type FieldSpec = { key: string; /** Written across the whole width. */ full?: boolean; /** The heading above says what it is. */ bare?: boolean; /** Only where the rest of the item says so. */ only?: (item: Record<string, unknown>) => boolean } & Shape;

type Shape =
  | { as: "line"; /** Of several lines, written as a machine reads it. */ long?: boolean }
  | { as: "switch" }
  | { as: "colour" }
  | { as: "tint" }
  | { as: "zone" }
  | { as: "moment" }
  /** Minutes after midnight. */
  | { as: "clock" }
  /** Fields that belong together; with `maybe` they may be absent, and begin with what it gives. */
  | { as: "part"; scope: string; fields: () => FieldSpec[]; maybe?: () => unknown }
  | { as: "text"; long?: boolean }
  | { as: "number"; min: number; max: number; unit?: Unit; /** May be left out; the value is then `null`. */ maybe?: boolean }
  | { as: "choice"; of: readonly string[]; /** Words of the values: `admin.value.<words>.<value>`. */ words: string; /** May be left out; the value is then `null`. */ maybe?: boolean }
  | { as: "choices"; of: readonly string[]; words: string }
  | { as: "either"; words: string }
  | { as: "ref"; kind: RecordKind; maybe?: boolean }
  | { as: "refs"; kind: RecordKind }
  | { as: "words"; /** Usual values, to choose from. */ usual?: readonly string[] }
  | { as: "list"; scope: string; fields: () => FieldSpec[]; blank: (others: readonly unknown[]) => unknown; /** The items are texts, not objects. */ texts?: boolean }
  /** Keys of what stands in another list of the same record. */
  | { as: "pick"; from: string; several?: boolean; maybe?: boolean }
  | { as: "own"; part: OwnPart };

export type Unit = "s" | "min" | "pct" | "h" | "d";
/** Parts of a record that need an editor of their own. */
export type OwnPart = "overflow" | "week" | "days" | "limits" | "grants" | "setup" | "imap" | "smtp" | "smpp" | "headers" | "when" | "escalate" | "by_severity" | "purposes" | "paper_preview" | "picture" | "targets" | "survey_preview" | "conditions" | "steps" | "dryRun" | "dateField" | "flow";

export interface Group {
  key: string;
  fields: FieldSpec[];
}

export interface KindSpec<K extends RecordKind = RecordKind> {
  kind: K;
  needs: Action[];
  groups: Group[];
  blank: () => RecordOf<K>;
  name: (record: RecordOf<K>) => Text | string;
  /** A few words beside the name in the list. */
  facts: (record: RecordOf<K>, told: Told) => string[];
  /** What it belongs to, as an icon before its name. */
  medium?: (record: RecordOf<K>) => Medium;
  /** Columns of its own in the list instead of the few words; titles: `admin.column.<key>`. */
  columns?: readonly { key: string; width: string; end?: boolean; wide?: boolean }[];
}

/** What lists need to put records into words. */
export interface Told {
  name: (kind: RecordKind, id: string | null | undefined) => string;
  t: (key: string, named?: Record<string, unknown>) => string;
  said: (text: Text | null | undefined) => string;
  exact: (at: number) => string;
}

/** A key that none of the others has: nobody has to think of one. */
export function freshKey(stem: string, others: readonly unknown[]): string {
  const taken = new Set(others.map((it) => (it as { key?: string }).key));
  let number = others.length + 1;
  while (taken.has(`${stem}_${number}`)) number += 1;
  return `${stem}_${number}`;
}

export const nothing = (): Text => ({ zh: "", en: "" });

/** Makes a description whose functions may be called with any record: the editor only ever gives them their own kind. */
export const kindSpec = <K extends RecordKind>(spec: KindSpec<K>): KindSpec => spec as unknown as KindSpec;
