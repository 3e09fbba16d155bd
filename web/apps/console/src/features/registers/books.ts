import type { Action, Book, RegisterEntry, StoredEntry } from "@yingda/wire";

/** How a value of an entry is typed. */
export interface FieldSpec {
  key: string;
  as: "line" | "text" | "user" | "moment" | "switch" | "number" | "kind";
  needed?: boolean;
  /** Only of some entries. */
  only?: (entry: Values) => boolean;
}
export type Values = Record<string, unknown>;

/** Something that is done to an entry in one click: the moment is written down. */
export interface Step {
  key: string;
  sets: string;
  when: (entry: Values) => boolean;
}

export interface BookSpec {
  book: Book;
  reads: Action;
  writes: Action;
  fields: readonly FieldSpec[];
  steps: readonly Step[];
  /** What stands in the list beside number and name. */
  detail: (entry: Values) => string;
  person: string | null;
  state: (entry: Values, now: number) => "open" | "done" | "expected" | "here";
}

export const KINDS = ["letter", "parcel", "newspaper", "fax", "copy"] as const;

const text = (entry: Values, key: string): string => (typeof entry[key] === "string" ? entry[key] : "");
const has = (entry: Values, key: string): boolean => Boolean(entry[key]);
const joined = (...parts: string[]): string => parts.filter(Boolean).join(" · ");

export const BOOKS: readonly BookSpec[] = [
  {
    book: "post",
    reads: "conversation_serve",
    writes: "conversation_serve",
    fields: [
      { key: "outward", as: "switch" },
      { key: "kind", as: "kind" },
      { key: "sender", as: "line", needed: true, only: (it) => !it.outward },
      { key: "receiver", as: "line", needed: true, only: (it) => Boolean(it.outward) },
      { key: "recipient", as: "user", only: (it) => !it.outward },
      { key: "courier", as: "line" },
      { key: "tracking", as: "line" },
      { key: "happened_at", as: "moment" },
      { key: "handed_to", as: "line" },
      { key: "handed_at", as: "moment" },
      { key: "signed_at", as: "moment" },
      { key: "note", as: "text" },
    ],
    steps: [
      { key: "handOver", sets: "handed_at", when: (it) => !has(it, "handed_at") },
      { key: "sign", sets: "signed_at", when: (it) => !has(it, "signed_at") },
    ],
    detail: (it) => joined(text(it, "courier"), text(it, "tracking"), text(it, "note")),
    person: "recipient",
    state: (it) => (has(it, "signed_at") ? "done" : "open"),
  },
  {
    book: "visit",
    reads: "conversation_serve",
    writes: "conversation_serve",
    fields: [
      { key: "name", as: "line", needed: true },
      { key: "phone", as: "line" },
      { key: "company", as: "line" },
      { key: "purpose", as: "line", needed: true },
      { key: "host", as: "user" },
      { key: "badge", as: "line" },
      { key: "arrival", as: "line" },
      { key: "expected_at", as: "moment" },
      { key: "came_at", as: "moment" },
      { key: "left_at", as: "moment" },
      { key: "note", as: "text" },
    ],
    steps: [
      { key: "come", sets: "came_at", when: (it) => !has(it, "came_at") },
      { key: "leave", sets: "left_at", when: (it) => has(it, "came_at") && !has(it, "left_at") },
    ],
    detail: (it) => joined(text(it, "purpose"), text(it, "company"), text(it, "badge")),
    person: "host",
    state: (it) => (has(it, "left_at") ? "done" : has(it, "came_at") ? "here" : "expected"),
  },
  {
    book: "barred",
    reads: "conversation_serve",
    writes: "conversation_serve",
    fields: [
      { key: "name", as: "line" },
      { key: "phone", as: "line" },
      { key: "reason", as: "text" },
      { key: "until_at", as: "moment" },
    ],
    steps: [],
    detail: (it) => joined(text(it, "phone"), text(it, "reason")),
    person: null,
    state: (it, now) => (has(it, "until_at") && Number(it.until_at) <= now ? "done" : "open"),
  },
  {
    book: "group",
    reads: "customer_read",
    writes: "customer_write",
    fields: [
      { key: "name", as: "line", needed: true },
      { key: "platform", as: "line" },
      { key: "address", as: "line" },
      { key: "owner", as: "user" },
      { key: "members", as: "number" },
      { key: "closed", as: "switch" },
      { key: "note", as: "text" },
    ],
    steps: [],
    detail: (it) => joined(text(it, "platform"), text(it, "address"), text(it, "note")),
    person: "owner",
    state: (it) => (it.closed ? "done" : "open"),
  },
];

export const specOf = (book: string | null | undefined): BookSpec | undefined => BOOKS.find((it) => it.book === book);

/** An empty entry: what came, came now. */
export function fresh(book: Book, now = Date.now()): Values {
  return book === "post" ? { book, kind: "parcel", outward: false, happened_at: now } : { book };
}

/** What goes to the server: no value that nobody typed, and none that does not belong to this entry. */
export function sendable(spec: BookSpec, values: Values): RegisterEntry {
  const known = new Set(spec.fields.filter((it) => it.only?.(values) ?? true).map((it) => it.key));
  const dropped = new Set(spec.fields.map((it) => it.key).filter((key) => !known.has(key)));
  const kept = Object.entries(values).filter(([key, value]) => !dropped.has(key) && value !== null && value !== undefined && value !== "");
  return Object.fromEntries(kept) as RegisterEntry;
}

export const valuesOf = (row: StoredEntry): Values => row.entry as Values;

/** From whom, to whom, or who. */
export function nameOfEntry(entry: Values): string {
  if (entry.book === "post") return entry.outward ? text(entry, "receiver") : text(entry, "sender") || text(entry, "courier");
  return text(entry, "name") || text(entry, "phone");
}
