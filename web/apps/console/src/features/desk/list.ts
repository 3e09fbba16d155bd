import { isWaiting, type DeskState } from "@yingda/sync";
import type { Conversation, UserId } from "@yingda/wire";

export type Section = "offered" | "mine" | "waiting";
export type Row =
  | { type: "section"; section: Section; count: number }
  | { type: "conversation"; section: Section; conversation: Conversation }
  | { type: "none"; section: Section };

const holds = (it: Conversation, me: UserId): boolean =>
  (it.phase === "active" || it.phase === "wrap_up") && (it.agent === me || (it.guests ?? []).includes(me));

/** Who has waited longest for our word comes first; then the latest. */
function byUrgency(a: Conversation, b: Conversation): number {
  const [x, y] = [a.unanswered_since_at ?? null, b.unanswered_since_at ?? null];
  if (x !== null && y !== null) return x - y;
  if (x !== null || y !== null) return x !== null ? -1 : 1;
  return b.last_at - a.last_at;
}

const byPlace = (a: Conversation, b: Conversation): number => b.priority - a.priority || a.since_at - b.since_at;

export function sections(state: DeskState): Record<Section, Conversation[]> {
  const me = state.me.id;
  const all = [...state.conversations.values()];
  const offered = all.filter((it) => it.phase === "offered" && it.offer?.agent === me);
  const mine = all.filter((it) => holds(it, me));
  const queues = new Set(state.me.queues);
  const waiting = all.filter(
    (it) => isWaiting(it) && it.offer?.agent !== me && it.queue && (queues.size === 0 || queues.has(it.queue)),
  );
  return { offered: offered.sort(byPlace), mine: mine.sort(byUrgency), waiting: waiting.sort(byPlace) };
}

/** The list as it is drawn: sections with their heads, only what the search finds. */
export function rows(
  found: Record<Section, Conversation[]>,
  matches: (it: Conversation) => boolean,
  closed: ReadonlySet<Section>,
): Row[] {
  return (["offered", "mine", "waiting"] as const).flatMap((section): Row[] => {
    const inside = found[section].filter(matches);
    if (section === "offered" && inside.length === 0) return [];
    const head: Row = { type: "section", section, count: inside.length };
    if (closed.has(section)) return [head];
    if (inside.length === 0) return [head, { type: "none", section }];
    return [head, ...inside.map((conversation): Row => ({ type: "conversation", section, conversation }))];
  });
}
