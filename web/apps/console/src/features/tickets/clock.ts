import type { Hue } from "@yingda/ui";
import type { RunningClock, TicketRow } from "@yingda/wire";

/** What a clock says at an instant. */
export interface Reading {
  state: "runs" | "paused" | "met" | "missed";
  /** Below zero when it is late. */
  left_ms: number;
  /** The part of its time that is left, from 0 to 1. */
  share: number;
  hue: Hue;
  /** From begin to end, and without the time it stood still. */
  gross_ms: number;
  net_ms: number;
}

export function readClock(it: RunningClock, now: number): Reading {
  const end = it.stopped_at ?? now;
  const rests = it.paused_at ? Math.max(0, end - it.paused_at) : 0;
  const gross_ms = Math.max(0, end - it.started_at);
  const took = { gross_ms, net_ms: Math.max(0, gross_ms - it.paused_ms - rests) };
  if (it.stopped_at) return { state: it.late ? "missed" : "met", left_ms: it.left_ms, share: it.late ? 0 : 1, hue: it.late ? "red" : "green", ...took };
  const left_ms = it.paused_at ? it.left_ms : it.due_at - now;
  const whole = Math.max(1, it.due_at - it.started_at - it.paused_ms);
  const share = Math.min(1, Math.max(0, left_ms / whole));
  if (it.paused_at) return { state: "paused", left_ms, share, hue: "grey", ...took };
  return { state: "runs", left_ms, share, hue: share < 0.2 ? "red" : share < 0.5 ? "amber" : "green", ...took };
}

/** The clock that a list shows: the running one that ends first, else one that stands still, else none. */
export function mostUrgent(row: Pick<TicketRow, "clocks" | "phase">): RunningClock | null {
  if (row.phase === "closed") return null;
  const going = row.clocks.filter((it) => !it.stopped_at);
  const runs = going.filter((it) => !it.paused_at);
  return (runs.length ? runs : going).reduce<RunningClock | null>((first, it) => (first && first.due_at <= it.due_at ? first : it), null);
}

export interface Parts {
  unit: "d" | "h" | "min";
  days: number;
  hours: number;
  minutes: number;
}
/** A span in the two largest units that people say. */
export function parts(ms: number): Parts {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60)];
  if (days >= 2) return { unit: "d", days, hours: hours - days * 24, minutes: 0 };
  return hours ? { unit: "h", days: 0, hours, minutes: minutes % 60 } : { unit: "min", days: 0, hours: 0, minutes };
}
