import type { Conversation } from "@yingda/wire";
import { personOf } from "../../floor/people";
import { openNew } from "../tickets/opening";

/** A ticket out of a conversation: with its customer and the last words; the conversation stays in sight. */
export function openFor(it: Conversation): void {
  openNew({
    known: { conversation: it.id, customer: it.customer ?? null, line: it.line, title: it.preview.replace(/\s+/g, " ").trim().slice(0, 80) },
    customerName: personOf(it),
    done: () => undefined,
  });
}
