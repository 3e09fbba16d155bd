import type { Hue } from "@yingda/ui";

/** How long a customer has waited, as a colour: the thresholds of the list and of the top bar. */
export function urgency(waited_ms: number | null): Hue {
  if (waited_ms === null || waited_ms < 60_000) return "grey";
  return waited_ms < 180_000 ? "amber" : "red";
}
