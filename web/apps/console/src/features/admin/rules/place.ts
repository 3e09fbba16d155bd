import type { Subject } from "@yingda/wire";

/** Where one looks at what a rule acted on. */
export function placeOf(on: Subject): string | null {
  if (typeof on !== "object") return null;
  if ("ticket" in on) return `/tickets/${on.ticket}`;
  if ("conversation" in on) return `/conversations/${on.conversation}`;
  if ("customer" in on) return `/customers/${on.customer}`;
  return null;
}
