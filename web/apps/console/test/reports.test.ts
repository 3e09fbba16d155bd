// Figures of reports, as they are read, drawn and sorted.
import type { Column } from "@yingda/wire";
import { expect, test } from "vitest";
import { byOf, nextSort, period, scaled, shown, sorted, type Line } from "../src/features/reports/figures";

test.each([
  [null, "percent", "–", null],
  [0.9705882352941176, "percent", "97.1%", 97.1],
  [285_095, "ms", "4:45", 285.1],
  [4.4375, "number", "4.44", 4.4375],
  [1_234, "count", "1,234", 1_234],
] as const)("%s as %s", (cell, unit, text, drawn) => {
  expect(shown(cell, unit)).toBe(text);
  expect(scaled(cell, unit)).toBe(drawn);
});

const columns = [{ key: "answered" }, { key: "asa" }] as Column[];
const row = (key: string, ...cells: Line["cells"]): Line => ({ key, name: { zh: key, en: key }, cells });

test("rows without a figure come last, up and down", () => {
  const rows = [row("a", 1, null), row("b", 3, 20), row("c", 2, 10)];
  const keys = (key: string, down: boolean) => sorted(rows, columns, { key, down }).map((it) => it.key);
  expect(keys("answered", true)).toEqual(["b", "c", "a"]);
  expect(keys("asa", true)).toEqual(["b", "c", "a"]);
  expect(keys("asa", false)).toEqual(["c", "b", "a"]);
  expect(sorted(rows, columns, null).map((it) => it.key)).toEqual(["a", "b", "c"]);
});

test("a column is sorted down, then up, then not at all", () => {
  const first = nextSort(null, "asa");
  const second = nextSort(first, "asa");
  expect([first, second, nextSort(second, "asa")]).toEqual([{ key: "asa", down: true }, { key: "asa", down: false }, null]);
});

test("periods are whole days", () => {
  const now = new Date(2026, 10, 22, 15, 30).getTime();
  const midnight = new Date(2026, 10, 22).getTime();
  expect(period("today", now)).toEqual({ from: midnight, to: new Date(2026, 10, 23).getTime() });
  expect(period("yesterday", now)).toEqual({ from: new Date(2026, 10, 21).getTime(), to: midnight });
  expect(period("week", now).from).toBe(new Date(2026, 10, 16).getTime());
  expect(byOf("nothing")).toBe("agent");
});
