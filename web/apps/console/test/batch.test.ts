// SYS-10: a list of receivers is read as people paste it, and what is wrong in it is told by line.
import { expect, test } from "vitest";
import { filled, lacking, normal, readReceivers } from "../src/features/outreach/batch";

test("lines of number and name, in the ways people write them", () => {
  const { receivers, wrong, twice } = readReceivers("138 0013 8000,王芳\r\n\r\n13900139000，李强\n+86 13800138000,王芳\n13700137000\nabc,谁\n12,短\n13600136000,甲,多余");
  expect(receivers).toEqual([
    { to: "138 0013 8000", values: { name: "王芳" } },
    { to: "13900139000", values: { name: "李强" } },
    { to: "13700137000", values: {} },
  ]);
  expect(twice).toBe(1);
  expect(wrong).toEqual([
    { line: 6, text: "abc,谁", why: "number" },
    { line: 7, text: "12,短", why: "number" },
    { line: 8, text: "13600136000,甲,多余", why: "values" },
  ]);
});

test("a first line that names its columns", () => {
  const { receivers, wrong } = readReceivers('\uFEFF姓名,手机号,order\n"王, 芳",13800138000,A1\n李强,13900139000,');
  expect(wrong).toEqual([]);
  expect(receivers).toEqual([
    { to: "13800138000", values: { name: "王, 芳", order: "A1" } },
    { to: "13900139000", values: { name: "李强" } },
  ]);
  expect(lacking("{name}您好，订单{order}已发出", receivers)).toEqual([{ key: "order", count: 1 }]);
});

test("what stands in braces and is no variable stays", () => {
  expect(filled("{name}您好 {x} {", { name: "王芳" })).toBe("王芳您好 {x} {");
});

test("one number has one form", () => {
  for (const it of ["13800138000", "+86 138 0013 8000", "0086-138-0013-8000", "013800138000"]) expect(normal(it)).toBe("13800138000");
  expect(normal("+1 (202) 555-0123")).toBe("+12025550123");
});
