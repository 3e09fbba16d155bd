import type { NewTicket, TicketRow } from "@yingda/wire";
import { shallowRef } from "vue";

/** A ticket that somebody is about to open, with what is known already. */
export interface Opening {
  known: Partial<NewTicket>;
  /** The customer's name, where there is one. */
  customerName: string;
  /** The number of the ticket of which it is a part. */
  taskOf: string;
  /** What follows; absent: the new ticket is shown. */
  done?: (row: TicketRow) => void;
}

/** The dialog stands over every room; `null` while nobody opens anything. */
export const opening = shallowRef<Opening | null>(null);

export function openNew(from: Partial<Opening> = {}): void {
  opening.value = { known: {}, customerName: "", taskOf: "", ...from };
}
