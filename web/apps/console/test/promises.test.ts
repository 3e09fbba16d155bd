// Promises: the usual times, and how a list stands.
import type { Pledge } from "@yingda/wire";
import { expect, test } from "vitest";
import { readClock } from "../src/features/tickets/clock";
import { clockOf, isOpen, ordered } from "../src/features/promises/ring";
import { quickTimes } from "../src/features/promises/times";

const MINUTE = 60_000;
const it = (more: Partial<Pledge>): Pledge =>
  ({ id: "1", version: 1, ticket: null, conversation: null, customer: null, owner: "1", text: "", made_at: 0, first_due_at: 10 * MINUTE, due_at: 10 * MINUTE, moved: 0, reminded: false, late: false, kept_at: null, outcome: "", dropped_at: null, ...more }) as Pledge;

test("usual times end with the working day; after it, with the next morning", () => {
  const noon = new Date(2026, 10, 30, 12).getTime();
  expect(quickTimes(noon).map((one) => one.at - noon)).toEqual([15, 30, 60, 360].map((minutes) => minutes * MINUTE));
  const evening = new Date(2026, 10, 30, 18).getTime();
  expect(quickTimes(evening).at(-1)).toEqual({ key: "tomorrow9", at: new Date(2026, 11, 1, 9).getTime() });
});

test("a promise's ring runs to its instant, and what is over is measured by the first one", () => {
  expect(readClock(clockOf(it({})), 5 * MINUTE)).toMatchObject({ state: "runs", left_ms: 5 * MINUTE, share: 0.5 });
  const moved = it({ due_at: 60 * MINUTE, moved: 1, kept_at: 30 * MINUTE });
  expect(readClock(clockOf(moved), 99 * MINUTE).state).toBe("missed");
  expect(readClock(clockOf(it({ kept_at: 10 * MINUTE })), 99 * MINUTE).state).toBe("met");
});

test("what is open comes first, the most urgent before the others", () => {
  const all = [it({ id: "kept", kept_at: 5 }), it({ id: "later", due_at: 9 }), it({ id: "dropped", dropped_at: 7 }), it({ id: "soon", due_at: 3 })];
  expect(ordered(all).map((one) => one.id)).toEqual(["soon", "later", "dropped", "kept"]);
  expect(all.filter(isOpen).length).toBe(2);
});
