import type { AnyRecord, FieldProblem } from "@yingda/wire";

/** A copy that can be written into without touching what was read. */
export const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** The sentences for a field and everything inside it. */
export function faultsOf(path: string, faults: readonly FieldProblem[]): string[] {
  return faults.filter((it) => it.field === path || it.field.startsWith(`${path}.`)).map((it) => it.message);
}

/** The fields in which two versions of a record differ. */
export function differing(ours: AnyRecord, theirs: AnyRecord): string[] {
  const [a, b] = [ours as unknown as Record<string, unknown>, theirs as unknown as Record<string, unknown>];
  return Object.keys({ ...a, ...b }).filter((key) => canonical(a[key]) !== canonical(b[key]));
}

/** The same text for the same value, whatever the order of its fields. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, it]) => it !== undefined).sort(([x], [y]) => (x < y ? -1 : 1));
  return `{${entries.map(([key, it]) => `${key}:${canonical(it)}`).join()}}`;
}

export const isSame = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
