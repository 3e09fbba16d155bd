// SYS-74: who browses, as a supervisor sees it.
import type { LiveVisitor } from "@yingda/wire";
import { expect, test } from "vitest";
import { browsing, pathOf, sourceOf } from "../src/features/visitors/sight";

const visitor = (id: string, more: Partial<LiveVisitor>): LiveVisitor => ({
  visitor: id, customer: null, name: "", widget: "1", since_at: 0, page: { url: "https://a.cn/x", title: "", referrer: "" }, page_at: 0, pages: 1,
  referrer: "", returning: false, conversation: null, lang: "zh", ...more,
});

test("the latest to move comes first, and filters apply together", () => {
  const all = [visitor("1", { page_at: 5, returning: true }), visitor("2", { page_at: 9, conversation: "7" }), visitor("3", { page_at: 7, name: "陈静" })];
  const ids = (q: string, who: string) => browsing(all, { q, who }).map((it) => it.visitor);
  expect(ids("", "")).toEqual(["2", "3", "1"]);
  expect(ids("", "returning")).toEqual(["1"]);
  expect(ids("", "alone")).toEqual(["3", "1"]);
  expect(ids("陈静", "new")).toEqual(["3"]);
});

test("addresses are told by what tells them apart", () => {
  expect(pathOf("https://a.cn/price?x=1")).toBe("/price?x=1");
  expect(pathOf("nonsense")).toBe("nonsense");
  expect(sourceOf("https://www.baidu.com/s?wd=x")).toBe("www.baidu.com");
});
