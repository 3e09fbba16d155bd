import type { Event, TicketId } from "@yingda/wire";
import { onScopeDispose, watch } from "vue";
import { listen } from "../../floor/store";
import { me } from "../../session";
import { renew } from "../admin/records";

/** The ticket that an event is about. */
export function ticketOf(event: Event): TicketId | null {
  return typeof event.on === "object" && "ticket" in event.on ? event.on.ticket : null;
}

/**
 * Calls back, after a moment of quiet, with the tickets to which something happened; with `null` when anything may
 * have happened, as after a long time without a connection.
 */
export function useTicketNews(heard: (tickets: ReadonlySet<TicketId> | null) => void): void {
  let changed: Set<TicketId> | null = new Set();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = (): void => {
    timer ??= setTimeout(() => {
      const told = changed;
      changed = new Set();
      timer = undefined;
      heard(told);
    }, 250);
  };
  const deaf = listen("event", (event) => {
    if (event.kind === "record_changed" && event.record === "ticket_type") renew("ticket_type");
    const ticket = ticketOf(event);
    if (ticket === null) return;
    changed?.add(ticket);
    soon();
  });
  // A fresh snapshot of the desk stands for everything that was missed.
  watch(me, () => {
    changed = null;
    soon();
  });
  onScopeDispose(() => {
    deaf();
    clearTimeout(timer);
  });
}
