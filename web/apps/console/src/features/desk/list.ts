import { isWaiting, type DeskState } from "@yingda/sync";
import type { Conversation, ConversationRow, UserId } from "@yingda/wire";

export type Section = "offered" | "mine" | "waiting" | "debts";
export type Row =
  | { type: "section"; section: Section; count: number }
  | { type: "conversation"; section: Section; conversation: Conversation }
  | { type: "none"; section: Section }
  /** A closed conversation whose record is still owed (待补记录). */
  | { type: "debt"; section: "debts"; row: ConversationRow };

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

export function sections(state: DeskState): Record<Exclude<Section, "debts">, Conversation[]> {
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
  found: ReturnType<typeof sections>,
  debts: readonly ConversationRow[],
  matches: (it: Conversation) => boolean,
  closed: ReadonlySet<Section>,
): Row[] {
  const live = (["offered", "mine", "waiting"] as const).flatMap((section): Row[] => {
    const inside = found[section].filter(matches);
    if (section === "offered" && inside.length === 0) return [];
    const head: Row = { type: "section", section, count: inside.length };
    if (closed.has(section)) return [head];
    if (inside.length === 0) return [head, { type: "none", section }];
    return [head, ...inside.map((conversation): Row => ({ type: "conversation", section, conversation }))];
  });
  if (debts.length === 0) return live;
  const owed = closed.has("debts") ? [] : debts.map((row): Row => ({ type: "debt", section: "debts", row }));
  return [...live, { type: "section", section: "debts", count: debts.length }, ...owed];
}
