// The widget's small rules: colours that can be read, links that are safe, when to speak first (SYS-74),
// which way to connect.

import { describe, expect, it } from "vitest";
import { contrast, palette, parse } from "../src/frame/core/colour";
import { next, seesVariant, type Situation } from "../src/frame/core/invite";
import { choose, pause } from "../src/frame/core/link";
import { computed, effect, signal } from "../src/frame/core/signals";
import { own, type Store } from "../src/frame/core/store";
import { orphans } from "../src/frame/core/tab";
import { empty, say } from "../src/frame/core/outbox";
import { initials, parts } from "../src/frame/core/text";
import { pick, words } from "../src/frame/words";
import type { InvitationRule } from "../src/wire";

describe("colour (WCAG AA)", () => {
  it.each(["#0b7a86", "#ffff00", "#ffffff", "#000000", "#777777", "#e91e63", "#3f51b5", "#8bc34a", "nonsense"])("%s can be read", (accent) => {
    const made = palette(accent);
    const rgb = (hex: string) => parse(hex)!;
    expect(contrast(rgb(made.accent), rgb(made.ink))).toBeGreaterThanOrEqual(4.5);
    for (const ground of ["#ffffff", "#f2f4f6"]) expect(contrast(rgb(made.link), rgb(ground))).toBeGreaterThanOrEqual(4.5);
    for (const ground of ["#1a1f23", "#262d33"]) expect(contrast(rgb(made.linkDark), rgb(ground))).toBeGreaterThanOrEqual(4.5);
  });
});

describe("text", () => {
  it("links http and mail, and nothing else", () => {
    expect(parts("看 https://a.cn/b?c=1。还有 x@y.cn，javascript:alert(1) http://e.com/).")).toEqual([
      { text: "看 " },
      { text: "https://a.cn/b?c=1", href: "https://a.cn/b?c=1" },
      { text: "。还有 " },
      { text: "x@y.cn", href: "mailto:x@y.cn" },
      { text: "，javascript:alert(1) " },
      { text: "http://e.com/", href: "http://e.com/" },
      { text: ")." },
    ]);
  });
  it("shortens names", () => expect(["李敏", "Anna Smith", "bob"].map(initials)).toEqual(["敏", "AS", "B"]));
  it("has every word in both languages, with the same blanks", () => {
    for (const key of Object.keys(words.zh) as (keyof typeof words.zh)[]) {
      const blanks = (text: string) => text.replace(/[^#@]/g, "");
      expect(blanks(words.en[key]), key).toBe(blanks(words.zh[key]));
    }
  });
  it("speaks the page's language, then the browser's", () => {
    expect(pick(["fr", "en-GB", "zh"], [])).toBe("en");
    expect(pick(["en-GB", "zh-TW"], ["zh"])).toBe("zh");
    expect(pick(["fr"], ["en"])).toBe("en");
  });
});

describe("invitations", () => {
  const rule = (change: Partial<InvitationRule>): InvitationRule => ({
    id: "1", page_contains: "", dwell_s: 30, source_contains: "", only_staffed: false, text: { zh: "您好", en: "Hi" }, cap_hours: 24, ...change,
  });
  const here: Situation = { url: "https://s.cn/price.html", source: "https://www.baidu.com/ utm_source=ad", returning: false, staffed: true, dwelt: 10_000, now: 1e12, shownAt: () => 0 };
  it("waits for the rest of the dwell time", () => expect(next([rule({})], here)?.wait).toBe(20_000));
  it("takes the rule that is due first", () => expect(next([rule({ id: "a" }), rule({ id: "b", dwell_s: 5 })], here)).toMatchObject({ rule: { id: "b" }, wait: 0 }));
  it.each([
    ["another page", { page_contains: "/order" }],
    ["another source", { source_contains: "weibo" }],
    ["returning visitors only", { returning: true }],
  ])("keeps silent for %s", (_, change) => expect(next([rule(change)], here)).toBeNull());
  it("keeps silent when nobody could answer, or it was shown lately", () => {
    expect(next([rule({ only_staffed: true })], { ...here, staffed: false })).toBeNull();
    expect(next([rule({})], { ...here, shownAt: () => here.now - 3_600_000 })).toBeNull();
  });
  it("shows the variant to about every other visitor", () => {
    const half = Array.from({ length: 1000 }, (_, at) => seesVariant(String(7310577399169024n + BigInt(at) * 4194304n))).filter(Boolean);
    expect(half.length).toBeGreaterThan(400);
    expect(half.length).toBeLessThan(600);
  });
});

describe("the line", () => {
  it("suspects a socket that never opened, trusts one that worked, and lets the ways take turns", () => {
    expect([0, 1, 2, 3].map((failures) => choose(failures, null))).toEqual(["socket", "stream", "socket", "stream"]);
    expect([0, 1, 2, 3, 4].map((failures) => choose(failures, "socket"))).toEqual(["socket", "socket", "socket", "stream", "socket"]);
    expect([0, 1, 2, 3].map((failures) => choose(failures, "stream"))).toEqual(["stream", "stream", "socket", "stream"]);
  });
  it("waits longer each time, never above half a minute, spread by chance", () => {
    expect([1, 2, 3, 4].map((failures) => pause(failures, 1))).toEqual([800, 1600, 3200, 6400]);
    expect(pause(50, 1)).toBe(30_000);
    expect(pause(3, 0.25)).toBe(800);
  });
});

describe("signals", () => {
  it("run an effect once per turn, and only for what it reads", async () => {
    const [a, b, c] = [signal(1), signal(2), signal(3)];
    const sum = computed(() => a.value + b.value);
    const seen: number[] = [];
    effect(() => void seen.push(sum.value));
    a.value = 10;
    b.value = 20;
    c.value = 30;
    await Promise.resolve();
    expect(seen).toEqual([3, 30]);
  });
});

describe("what a closed tab left", () => {
  const store = (values: Record<string, string>): Store => ({
    get: (key) => values[key] ?? null,
    keys: (prefix) => Object.keys(values).filter((key) => key.startsWith(prefix)),
    set: (key, value) => void (value === null ? delete values[key] : (values[key] = value)),
    changed: () => undefined,
    watch: () => undefined,
  });
  const box = (tab: number, at: number) => JSON.stringify(say(empty(tab), "c1", { type: "text", text: "x" }, at, 0));
  it("is taken over unless it is old or broken", () => {
    const now = 1e12;
    const found = orphans(store({ "out:1": box(1, now - 1000), "out:2": box(2, now - 2 * 86_400_000), "out:3": "{", other: box(4, now) }), now);
    expect(found.map(({ tab }) => tab)).toEqual([1]);
  });
  it("is nothing where storage is forbidden", () => {
    (globalThis as { addEventListener?: unknown }).addEventListener ??= () => undefined;
    const kept = own("w");
    kept.set("draft", "你好");
    expect(kept.get("draft")).toBe("你好");
  });
});
