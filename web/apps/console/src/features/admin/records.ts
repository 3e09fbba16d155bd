import type { AnyRecord, Page, RecordKind, Stored } from "@yingda/wire";
import { shallowReactive } from "vue";
import { api } from "../../api";
import { nameOf } from "../../floor/names";
import { said } from "../../i18n";
import { whoAmI } from "../../session";

/** All records of the kinds that something here refers to; read once, renewed after a change made here. */
const known = shallowReactive(new Map<RecordKind, Stored[]>());
const asking = new Set<RecordKind>();
const MOST = 2_000;

export function recordsOf(kind: RecordKind): Stored[] {
  if (!known.has(kind) && !asking.has(kind)) void read(kind);
  return known.get(kind) ?? [];
}

async function read(kind: RecordKind): Promise<void> {
  asking.add(kind);
  try {
    const all: Stored[] = [];
    let cursor: string | null | undefined;
    do {
      const page: Page<Stored> = await api.get(`/records/${kind}`, { query: { limit: 200, cursor } });
      all.push(...page.items);
      cursor = page.next;
    } while (cursor && all.length < MOST);
    known.set(kind, all);
  } catch {
    // Whoever may not list them sees the names they know.
    known.set(kind, []);
  } finally {
    asking.delete(kind);
  }
}

/** After a change: choices and names follow. */
export function renew(kind: RecordKind): void {
  if (known.has(kind)) void read(kind);
  void whoAmI().catch(() => undefined);
}

export function nameOfRecord(record: AnyRecord): string {
  switch (record.kind) {
    case "user":
      return record.name || record.login;
    case "reply":
      return said(record.title);
    case "ban":
      return record.value;
    case "webhook":
      return record.name;
    case "settings":
      return said(record.company);
    default:
      return said(record.name);
  }
}

/** The name of a record, also of kinds that not everyone can name. */
export function nameAt(kind: RecordKind, id: string | null | undefined): string {
  if (!id) return "";
  const name = nameOf(kind, id);
  if (name !== id) return name;
  const found = recordsOf(kind).find((it) => it.id === id);
  return found ? nameOfRecord(found.record) : id;
}

/** A secret that nobody can read again. A widget's stands beside its record at any time. */
export const toldOnce = (stored: Stored): string => (["webhook", "channel"].includes(stored.record.kind) ? (stored.secret ?? "") : "");
