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

/** With one decimal, and never more than was reached: 89.96 is not shown as 90. */
export const percent = (value: number | null | undefined): string => (value === null || value === undefined ? "–" : `${(Math.floor(value * 10 + 1e-9) / 10).toFixed(1)}%`);
