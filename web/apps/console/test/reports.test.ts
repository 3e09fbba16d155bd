// Figures of reports, as they are read, drawn and sorted.
import type { Column } from "@yingda/wire";
import { expect, test } from "vitest";
import { byOf, nextSort, period, scaled, shown, sorted, type Line } from "../src/features/reports/figures";
import { lightOf, percent } from "../src/features/reports/light";
import { csv } from "../src/parts/csv";

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

test.each([
  [95, 95, "met"],
  [94.9, 95, "close"],
  [90, 95, "close"],
  [89.9, 95, "missed"],
  [0, 90, "missed"],
  [null, 90, "none"],
] as const)("an indicator of %s with the target %s is %s", (value, target, light) => {
  expect(lightOf({ value, target })).toBe(light);
});

test("a percentage is not rounded up to its target, nor to the whole", () => {
  const shownAs = [89.96, 90, 100, 99.99, 66.666, 57.3, null].map((value) => percent(value, 90));
  expect(shownAs).toEqual(["89.9%", "90.0%", "100.0%", "99.9%", "66.7%", "57.3%", "–"]);
});

test("a file for spreadsheets keeps commas, quotes and lines apart, and holds no formulas", () => {
  expect(csv([["a,b", 'say "hi"', null, 1.5], ["=1+1", "两\n行"]])).toBe('\ufeff"a,b","say ""hi""",,1.5\r\n\'=1+1,"两\n行"\r\n');
});
