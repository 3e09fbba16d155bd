import { doing, type Doing } from "@yingda/ui";
import type { Agent, Conversation, QueueNow } from "@yingda/wire";

export type Urgency = "calm" | "soon" | "late";

/** Amber from three quarters of the queue's threshold on, red beyond it. */
export function urgency(waited_ms: number, threshold_s: number): Urgency {
  const limit = threshold_s * 1_000;
  if (waited_ms >= limit) return "late";
  return waited_ms >= limit * 0.75 ? "soon" : "calm";
}

/** The most urgent of the queues, each by its own threshold. */
export function worst(queues: readonly QueueNow[], now: number, threshold: (queue: string) => number): Urgency {
  const all = queues.map((it) => (it.longest_since_at == null ? "calm" : urgency(now - it.longest_since_at, threshold(it.queue))));
  return all.includes("late") ? "late" : all.includes("soon") ? "soon" : "calm";
}

/** F1 of the reports: (answered in time + abandoned in time) ÷ (answered + abandoned). Nothing to divide by: none. */
export function serviceLevel(it: Pick<QueueNow, "answered" | "answered_in_time" | "abandoned" | "abandoned_in_time">): number | null {
  const all = it.answered + it.abandoned;
  return all > 0 ? (it.answered_in_time + it.abandoned_in_time) / all : null;
}

type Sums = Omit<QueueNow, "queue" | "wait_s">;

export function together(queues: readonly QueueNow[]): Sums {
  const sums: Sums = { waiting: 0, longest_since_at: null, active: 0, ready: 0, entered: 0, answered: 0, answered_in_time: 0, abandoned: 0, abandoned_in_time: 0 };
  for (const it of queues) {
    for (const key of ["waiting", "active", "ready", "entered", "answered", "answered_in_time", "abandoned", "abandoned_in_time"] as const) sums[key] += it[key];
    if (it.longest_since_at != null && (sums.longest_since_at == null || it.longest_since_at < sums.longest_since_at)) sums.longest_since_at = it.longest_since_at;
  }
  return sums;
}

/** What waits is known event by event; what only the server can count comes with its latest answer. */
export function merged(pushed: QueueNow, counted: QueueNow | undefined): QueueNow {
  if (!counted) return pushed;
  const { active, ready, wait_s, answered_in_time, abandoned_in_time } = counted;
  return {
    ...pushed, active, ready, wait_s,
    answered: Math.max(pushed.answered, counted.answered),
    abandoned: Math.max(pushed.abandoned, counted.abandoned),
    answered_in_time, abandoned_in_time,
  };
}

const ORDER: Doing[] = ["on_contact", "ready", "wrap_up", "busy", "offline"];

export interface AgentRow {
  agent: Agent;
  name: string;
  doing: Doing;
}

/** Who works first, then by name; those who are away last. */
export function agentRows(agents: Iterable<Agent>, nameOf: (id: string) => string, conversations: ReadonlyMap<string, Conversation>): AgentRow[] {
  const inWrapUp = (id: string) => conversations.get(id)?.phase === "wrap_up";
  return [...agents]
    .map((agent) => ({ agent, name: nameOf(agent.id), doing: doing(agent, inWrapUp) }))
    .sort((a, b) => ORDER.indexOf(a.doing) - ORDER.indexOf(b.doing) || a.name.localeCompare(b.name, "zh"));
}

/** How many are in each state, and who; a state in which nobody is stays, so that nothing on the wall moves. */
export const byDoing = (rows: readonly AgentRow[]): { doing: Doing; rows: AgentRow[] }[] =>
  (["ready", "on_contact", "wrap_up", "busy", "offline"] as const).map((doing) => ({ doing, rows: rows.filter((it) => it.doing === doing) }));

/** Those who wait longest come first. */
export function waitingRows(conversations: Iterable<Conversation>, queue: string | null): Conversation[] {
  return [...conversations]
    .filter((it) => (it.phase === "waiting" || it.phase === "offered") && (queue === null || it.queue === queue))
    .sort((a, b) => a.since_at - b.since_at);
}
