import type { Hue } from "@yingda/ui";
import type { PackItem } from "@yingda/wire";

export type PackState = PackItem["state"];
export const STATE_HUES: Record<PackState, Hue> = { new: "blue", same: "green", older: "amber", edited: "violet", deleted: "grey", blocked: "red", removed: "grey" };

/** What a deed did, by the states before and after it. */
export interface Outcome {
  made: number;
  renewed: number;
  removed: number;
  /** What somebody changed or deleted, and so stays. */
  left: number;
  blocked: number;
}

export function outcomeOf(before: readonly PackItem[], after: readonly PackItem[]): Outcome {
  const was = new Map(before.map((it) => [it.item, it.state]));
  const count = (is: (it: PackItem) => boolean) => after.filter(is).length;
  return {
    made: count((it) => it.state === "same" && was.get(it.item) !== "same" && was.get(it.item) !== "older"),
    renewed: count((it) => it.state === "same" && was.get(it.item) === "older"),
    removed: count((it) => it.state === "removed"),
    left: count((it) => it.state === "edited" || it.state === "deleted"),
    blocked: count((it) => Boolean(it.problem)),
  };
}
