import type { Node, Nodes } from "@yingda/wire";

export type Pace = "calm" | "slow" | "late";

/** A person notices a tenth of a second, and half a second is waiting. */
export const pace = (ms: number): Pace => (ms >= 500 ? "late" : ms >= 100 ? "slow" : "calm");

/** How much of a bar is filled: each tenfold takes the same room, from a tenth of a millisecond to ten seconds. */
export const fill = (ms: number): number => Math.min(1, Math.max(0.02, (Math.log10(Math.max(ms, 0.01)) + 1) / 5));

/** `0.42`, `8.3`, `120`; nothing measured is a dash. */
export function shortly(ms: number | null | undefined): string {
  if (ms == null) return "–";
  return ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}

/** How long something has lasted, by its two largest units. */
export function lasted(ms: number): { unit: "days" | "hours" | "minutes"; first: number; second: number } {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24];
  if (days) return { unit: "days", first: days, second: hours };
  return hours ? { unit: "hours", first: hours, second: minutes % 60 } : { unit: "minutes", first: minutes, second: 0 };
}

export interface Trouble {
  kind: "store" | "bus" | "silent" | "unowned";
  /** Whom it concerns; nobody by name where it concerns all. */
  names: string[];
  since_at: number | null;
}

/** What is wrong now, the gravest first: each kind once, with all nodes that it concerns. */
export function troubles({ nodes }: Nodes): Trouble[] {
  const found: Trouble[] = [];
  const away = (kind: "store" | "bus") => {
    const those = nodes.flatMap((it) => {
      const standing = it.figures?.[kind];
      return standing && !standing.up ? [{ name: it.name, since_at: standing.since_at }] : [];
    });
    if (those.length) found.push({ kind, names: those.map((it) => it.name), since_at: Math.min(...those.map((it) => it.since_at)) });
  };
  away("store");
  if (!nodes.some((it) => it.owns)) found.push({ kind: "unowned", names: [], since_at: null });
  away("bus");
  // Without a bus nobody else can be heard: that is no news of them.
  const silent = nodes.filter((it) => !it.figures);
  const isDeaf = nodes.some((it) => it.this && it.figures?.bus && !it.figures.bus.up);
  if (silent.length && !isDeaf) found.push({ kind: "silent", names: silent.map((it) => it.name), since_at: null });
  return found;
}

/** The owner first, then by number. */
export const inOrder = (nodes: readonly Node[]): Node[] => [...nodes].sort((a, b) => Number(b.owns) - Number(a.owns) || a.number - b.number);
