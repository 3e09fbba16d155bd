import type { Pledge, RunningClock } from "@yingda/wire";

export const isOpen = (it: Pledge): boolean => it.kept_at === null && it.dropped_at === null;

/** A promise as a clock: its ring looks like those of tickets. It is measured by its first instant. */
export function clockOf(it: Pledge): RunningClock {
  const end = it.kept_at ?? it.dropped_at;
  const late = end !== null && end > it.first_due_at;
  return {
    key: "promise", calendar: null, started_at: it.made_at, due_at: it.due_at, paused_at: null, paused_ms: 0, left_ms: it.due_at - (end ?? it.made_at), stopped_at: end, late, told: null,
  };
}

/** The open ones, the most urgent first; then those that are over, the latest first. */
export function ordered(all: readonly Pledge[]): Pledge[] {
  const over = (it: Pledge) => it.kept_at ?? it.dropped_at ?? 0;
  return [...all].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || (isOpen(a) ? a.due_at - b.due_at : over(b) - over(a)));
}
