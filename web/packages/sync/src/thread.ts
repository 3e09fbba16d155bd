import type { Event } from "@yingda/wire";

/** The part of a conversation's events that this tab has: gapless from its first one on. */
export interface Thread {
  events: readonly Event[];
  /** There are older ones on the server. */
  more: boolean;
}

/** An event that just arrived. Most come in order; one that is known already changes nothing. */
export function append(thread: Thread, event: Event): Thread {
  const last = thread.events.at(-1);
  if (!last || event.seq > last.seq) return { ...thread, events: [...thread.events, event] };
  return merge(thread, [event], thread.more);
}

/** Older events, read by HTTP. */
export function prepend(thread: Thread, older: readonly Event[], more: boolean): Thread {
  return merge(thread, older, more);
}

function merge(thread: Thread, others: readonly Event[], more: boolean): Thread {
  const bySeq = new Map<number, Event>();
  for (const event of others) bySeq.set(event.seq, event);
  for (const event of thread.events) bySeq.set(event.seq, event);
  return { events: [...bySeq.values()].sort((a, b) => a.seq - b.seq), more };
}
