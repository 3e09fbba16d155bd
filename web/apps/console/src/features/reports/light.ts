import type { Hue } from "@yingda/ui";
import type { IndicatorRow } from "@yingda/wire";

export type Light = "met" | "close" | "missed" | "none";
export const HUES: Record<Light, Hue> = { met: "green", close: "amber", missed: "red", none: "grey" };
const CLOSE = 5;

/** How an indicator stands to its target; within five points below it is close. */
export function lightOf({ value, target }: Pick<IndicatorRow, "value" | "target">): Light {
  if (value === null || value === undefined) return "none";
  if (value >= target) return "met";
  return value >= target - CLOSE ? "close" : "missed";
}

/** With one decimal, and never rounded up to the target or to the whole: 89.96 of 90 is not shown as 90. */
export function percent(value: number | null | undefined, target: number): string {
  if (value === null || value === undefined) return "–";
  const near = Math.round(value * 10) / 10;
  const flatters = [target, 100].some((it) => value < it && near >= it);
  return `${(flatters ? Math.floor(value * 10) / 10 : near).toFixed(1)}%`;
}
