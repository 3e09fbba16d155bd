import type { Entry } from "@yingda/sync";
import type { Actor, Author, Content, Event, EventOf, UserId } from "@yingda/wire";

/** In a conversation by a channel: `leaving` until the other side has it, then as far as it is known to have come. */
export type Delivery = "sending" | "leaving" | "sent" | "delivered" | "read" | "failed";

export interface Bubble {
  type: "bubble";
  key: string;
  side: "theirs" | "ours" | "bot";
  by: Actor;
  author: Author;
  at: number;
  seq: number | null;
  content: Content;
  /** Begins a group: same speaker, same minute. */
  first: boolean;
  delivery: Delivery | null;
  /** It leaves at this instant, and can be taken back until then. */
  leavesAt: number | null;
  /** Why it did not arrive, as the other side put it. */
  reason: string;
  recalled: boolean;
  entry: Entry | null;
}
export interface Note {
  type: "note";
  key: string;
  by: Actor;
  at: number;
  text: string;
  mentions: UserId[];
  entry: Entry | null;
}
export type Item =
  | Bubble
  | Note
  | { type: "line"; key: string; event: Event }
  | { type: "day"; key: string; at: number }
  | { type: "unread"; key: string };

/** Facts that are figures or moves of the machine; a person reads them elsewhere. */
const SILENT = new Set<Event["kind"]>([
  "read", "focus", "first_response", "record_due", "wrap_up_started", "wrap_up_ended", "offered", "queue_left",
  "message_recalled", "message_delivered", "segment_ended", "invitation_shown", "notice_accepted",
]);

/** Silent in general, but worth a line in these cases. */
function speaks(event: Event): boolean {
  if (event.kind === "queue_left") return event.exit === "abandoned" || event.exit === "message";
  if (event.kind === "segment_ended") return event.reason !== "closed";
  if (event.kind === "offer_ended") return event.end === "declined" || event.end === "timed_out";
  return !SILENT.has(event.kind);
}

/** The platform of the customer was not to be told who serves, or that it is over. */
const isUntold = (event: Event, moves: Set<number>): boolean => event.kind === "message_delivered" && event.state === "failed" && moves.has(event.message);

const minute = (at: number): number => Math.floor(at / 60_000);
const speaker = (by: Actor): string => ("id" in by ? `${by.type}/${by.id}` : by.type);
const day = (at: number): string => new Date(at).toDateString();

export interface Shown {
  events: readonly Event[];
  /** This conversation's commands on their way. */
  entries: readonly Entry[];
  me: UserId;
  readByVisitor: number;
  /** Our words leave by a channel, which tells how far they went. */
  leaves: boolean;
  /** The first message that was unread when the conversation was opened. */
  firstUnread: number | null;
  skew_ms: number;
}

export function timeline(shown: Shown): Item[] {
  const recalled = new Set(shown.events.filter((it): it is EventOf<"message_recalled"> => it.kind === "message_recalled").map((it) => it.message));
  const told = trips(shown.events);
  const moves = new Set(shown.events.filter((it) => it.kind === "assigned" || it.kind === "conversation_closed").map((it) => it.seq));
  const items: Item[] = [];
  let lastDay = "";
  const push = (item: Item, at: number) => {
    if (day(at) !== lastDay) {
      lastDay = day(at);
      items.push({ type: "day", key: `day-${lastDay}`, at });
    }
    items.push(item);
  };
  const joins = (by: Actor, at: number): boolean => {
    const before = items.at(-1);
    return before?.type === "bubble" && !before.recalled && speaker(before.by) === speaker(by) && minute(before.at) === minute(at);
  };

  for (const event of shown.events) {
    if (event.seq === shown.firstUnread) items.push({ type: "unread", key: "unread" });
    if (event.kind === "message_posted") {
      const ours = event.by.type !== "visitor";
      const trip = told.get(event.seq);
      const delivery = event.seq <= shown.readByVisitor ? "read" : (trip?.state ?? (shown.leaves ? "leaving" : "sent"));
      push(
        {
          type: "bubble",
          key: `e${event.seq}`,
          side: sideOf(event),
          by: event.by,
          author: event.author ?? "person",
          at: event.at,
          seq: event.seq,
          content: event,
          first: day(event.at) !== lastDay || !joins(event.by, event.at),
          delivery: ours ? delivery : null,
          leavesAt: delivery === "leaving" ? (event.leaves_at ?? null) : null,
          reason: trip?.reason ?? "",
          recalled: recalled.has(event.seq),
          entry: null,
        },
        event.at,
      );
    } else if (event.kind === "note_posted") {
      push({ type: "note", key: `e${event.seq}`, by: event.by, at: event.at, text: event.text, mentions: event.mentions ?? [], entry: null }, event.at);
    } else if (speaks(event) || isUntold(event, moves)) {
      push({ type: "line", key: `e${event.seq}`, event }, event.at);
    }
  }
  for (const entry of shown.entries) addEntry(entry);
  return items;

  function addEntry(entry: Entry): void {
    const by: Actor = { type: "user", id: shown.me };
    const at = entry.at + shown.skew_ms;
    const key = `n${entry.n}`;
    if (entry.act.do === "note") push({ type: "note", key, by, at, text: entry.act.text, mentions: entry.act.mentions ?? [], entry }, at);
    if (entry.act.do !== "post") return;
    const delivery = entry.state === "failed" ? "failed" : "sending";
    push({ type: "bubble", key, side: "ours", by, author: "person", at, seq: null, content: entry.act, first: !joins(by, at), delivery, leavesAt: null, reason: "", recalled: false, entry }, at);
  }
}

type Trip = EventOf<"message_delivered">;

/** What was told last of each message. An arrival is not taken back by a late word that it was sent. */
function trips(events: readonly Event[]): Map<number, Trip> {
  const found = new Map<number, Trip>();
  for (const event of events) {
    if (event.kind !== "message_delivered") continue;
    if (event.state === "sent" && found.get(event.message)?.state === "delivered") continue;
    found.set(event.message, event);
  }
  return found;
}

function sideOf(event: EventOf<"message_posted">): Bubble["side"] {
  if (event.by.type === "visitor") return "theirs";
  return event.by.type === "bot" || event.author === "bot" ? "bot" : "ours";
}

/** The first customer message after what staff has read. */
export function firstUnread(events: readonly Event[], readByStaff: number): number | null {
  return events.find((it) => it.kind === "message_posted" && it.by.type === "visitor" && it.seq > readByStaff)?.seq ?? null;
}

export const lastVisitorSeq = (events: readonly Event[]): number =>
  events.findLast((it) => it.kind === "message_posted" && it.by.type === "visitor")?.seq ?? 0;
