import type { Event, TicketId } from "@yingda/wire";
import { onScopeDispose, watch } from "vue";
import { listen } from "../../floor/store";
import { me } from "../../session";
import { renew } from "../admin/records";

/** The ticket that an event is about. */
export function ticketOf(event: Event): TicketId | null {
  return typeof event.on === "object" && "ticket" in event.on ? event.on.ticket : null;
}

/** What an event touches: its ticket, and what a new one belongs to. */
function touchedBy(event: Event): string[] {
  const ticket = ticketOf(event);
  if (ticket === null) return [];
  return event.kind === "ticket_opened" ? [ticket, event.parent, event.customer, event.conversation].flatMap((it) => it ?? []) : [ticket];
}

/** Who reads anew on every news does so at once after a quiet time, and not more often than this on a busy floor. */
const AT_ONCE_MS = 250;
const BUSY_MS = 2_000;

/**
 * Calls back with the ids of what was touched; with `null` when anything may have been, as after a long time without a
 * connection.
 */
export function useTicketNews(heard: (touched: ReadonlySet<string> | null) => void): void {
  let touched: Set<string> | null = new Set();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let told = 0;
  const soon = (): void => {
    timer ??= setTimeout(
      () => {
        const news = touched;
        touched = new Set();
        timer = undefined;
        told = Date.now();
        heard(news);
      },
      Date.now() - told < BUSY_MS ? BUSY_MS : AT_ONCE_MS,
    );
  };
  const deaf = listen("event", (event) => {
    if (event.kind === "record_changed" && event.record === "ticket_type") renew("ticket_type");
    const ids = touchedBy(event);
    for (const id of ids) touched?.add(id);
    if (ids.length) soon();
  });
  // A fresh snapshot of the desk stands for everything that was missed.
  watch(me, () => {
    touched = null;
    soon();
  });
  onScopeDispose(() => {
    deaf();
    clearTimeout(timer);
  });
}
