// What the composer understands while a person types.
import type { Stored } from "@yingda/wire";
import { expect, test } from "vitest";
import { linked } from "../src/features/desk/linked";
import { fill, findReplies } from "../src/features/desk/canned";
import { emojiFor, wish } from "../src/features/desk/suggest";

test.each([
  ["/wl", { type: "reply", query: "wl", from: 0 }],
  ["、", { type: "reply", query: "", from: 0 }],
  ["好的 ／退款", { type: "reply", query: "退款", from: 3 }],
  ["@李", { type: "colleague", query: "李", from: 0 }],
  ["请看 ＠王", { type: "colleague", query: "王", from: 3 }],
  [":谢谢", { type: "emoji", query: "谢谢", from: 0 }],
  ["好：谢谢", null],
  ["苹果、梨", null],
  ["http://a/b", null],
  ["li@example.com", null],
  [":", null],
])("%s", (before, expected) => {
  expect(wish(before)).toEqual(expected);
});

test("emoji are found by words of both languages", () => {
  expect(emojiFor("谢谢").map((it) => it.char)).toEqual(["🙏"]);
  expect(emojiFor("parcel").map((it) => it.char)).toEqual(["📦"]);
});

const reply = (id: string, shortcut: string, zh: string, text: string): Stored<"reply"> => ({
  id, version: 1, created_at: 0, updated_at: 0,
  record: { kind: "reply", title: { zh, en: "" }, text: { zh: text, en: "" }, shortcut, folder: "", owner: null },
});

test("canned replies: the shortcut first, then the title, then the words", () => {
  const all = [reply("1", "zz", "其他", "可以退款"), reply("2", "yy", "退款时效", "三天"), reply("3", "退款", "模板", "x"), reply("4", "q", "q", "q")];
  expect(findReplies(all, "退款").map((it) => it.id)).toEqual(["3", "2", "1"]);
  expect(fill("您好{customer}，我是{agent}（{other}）", { customer: "陈", agent: "李", queue: "", time: "" })).toBe("您好陈，我是李（{other}）");
});

test("only web addresses become links, without the sentence's own marks", () => {
  expect(linked("看 https://a.cn/x?y=1。谢谢")).toEqual([{ text: "看 " }, { text: "https://a.cn/x?y=1", href: "https://a.cn/x?y=1" }, { text: "。谢谢" }]);
  expect(linked("(http://a.cn).")).toEqual([{ text: "(" }, { text: "http://a.cn", href: "http://a.cn" }, { text: ")." }]);
  expect(linked("javascript:alert(1) <b>x</b>")).toEqual([{ text: "javascript:alert(1) <b>x</b>" }]);
});
