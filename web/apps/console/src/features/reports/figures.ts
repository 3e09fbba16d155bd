import type { Cell, Column, Table, Unit } from "@yingda/wire";
import { span, type TableSort } from "@yingda/ui";

export type Line = Table["rows"][number];

export const BYS = ["agent", "queue", "hour", "day", "invitation"] as const;
export type By = (typeof BYS)[number];
export const byOf = (text: unknown): By => BYS.find((it) => it === text) ?? "agent";

/** A figure as people read it; nothing to divide by is a dash. */
export function shown(cell: Cell | undefined, unit: Unit): string {
  if (cell === null || cell === undefined) return "–";
  switch (unit) {
    case "percent":
      return `${(cell * 100).toFixed(1)}%`;
    case "ms":
      return span(cell);
    case "number":
      return cell.toFixed(2);
    default:
      return cell.toLocaleString("en");
  }
}

/** A figure on the scale of a chart: percent as percent, spans as seconds. */
export function scaled(cell: Cell | undefined, unit: Unit): number | null {
  if (cell === null || cell === undefined) return null;
  if (unit === "percent") return Math.round(cell * 1_000) / 10;
  if (unit === "ms") return Math.round(cell / 100) / 10;
  return cell;
}

/** By a column, those without a figure last; without one, as the server gave them. */
export function sorted(rows: readonly Line[], columns: readonly Column[], sort: TableSort | null): Line[] {
  const index = sort ? columns.findIndex((it) => it.key === sort.key) : -1;
  if (!sort || index < 0) return [...rows];
  return [...rows].sort((a, b) => {
    const [x, y] = [a.cells[index] ?? null, b.cells[index] ?? null];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return sort.down ? y - x : x - y;
  });
}

export const nextSort = (now: TableSort | null, key: string): TableSort | null => {
  if (now?.key !== key) return { key, down: true };
  return now.down ? { key, down: false } : null;
};

const DAY = 86_400_000;
export const PERIODS = ["today", "yesterday", "week", "month"] as const;
export type PeriodName = (typeof PERIODS)[number];

/** Usual periods, in days of the viewer's calendar; the end is not included. */
export function period(name: PeriodName, now: number): { from: number; to: number } {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const next = new Date(midnight + DAY * 1.5).setHours(0, 0, 0, 0);
  const back = (days: number) => {
    const day = new Date(midnight);
    return day.setDate(day.getDate() - days);
  };
  switch (name) {
    case "today":
      return { from: midnight, to: next };
    case "yesterday":
      return { from: back(1), to: midnight };
    case "week":
      return { from: back(6), to: next };
    default:
      return { from: back(29), to: next };
  }
}
