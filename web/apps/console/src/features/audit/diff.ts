import { writeSpans } from "../admin/spans";

/** One value that changed, by its place in the record: `needs.0.level`. */
export interface Difference {
  path: string;
  before: string | null;
  after: string | null;
}

function flat(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (isHours(value)) {
    into.set(path, writeSpans(value));
  } else if (path.endsWith(".spans") && Array.isArray(value)) {
    // A day without hours is a day off, and that is something.
    into.set(path, "–");
  } else if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    for (const [key, part] of Object.entries(value)) flat(part, path ? `${path}.${key}` : key, into);
  } else if (path && !isEmpty(value)) {
    into.set(path, String(value));
  }
  return into;
}

const isHours = (value: unknown): value is { from: number; to: number }[] => Array.isArray(value) && value.length > 0 && value.every((it) => typeof it?.from === "number" && typeof it.to === "number");
const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === "" || (typeof value === "object" && Object.keys(value).length === 0);

/** What differs between two values; empty and absent are the same. */
export function differences(before: unknown, after: unknown): Difference[] {
  const [old, now] = [flat(before, "", new Map()), flat(after, "", new Map())];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => path !== "kind" && old.get(path) !== now.get(path))
    .map((path) => ({ path, before: old.get(path) ?? null, after: now.get(path) ?? null }));
}

/** The two sides of an event's private part, where it has any. */
export function sides(private_: unknown): { before: unknown; after: unknown } | null {
  if (typeof private_ !== "object" || private_ === null || !("before" in private_ || "after" in private_)) return null;
  const { before, after } = private_ as { before?: unknown; after?: unknown };
  return { before, after };
}
