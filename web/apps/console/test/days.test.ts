import { expect, test } from "vitest";
import { daysAgo } from "../src/days";

test.each([
  [new Date(2026, 10, 22, 23, 59), 1],
  [new Date(2026, 10, 23, 0, 0), 0],
  [new Date(2026, 10, 23, 23, 59), 0],
  [new Date(2026, 10, 24, 0, 0), -1],
  [new Date(2026, 11, 23, 12), -30],
])("%s is %i days before noon of 23 November", (at, days) => {
  expect(daysAgo(at.getTime(), new Date(2026, 10, 23, 12).getTime()) + 0).toBe(days);
});
