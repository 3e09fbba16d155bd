// SYS-02: nothing that an agent wrote is lost or doubled by a bad network.
import type { ServerFrame } from "@yingda/wire";
import { expect, test } from "vitest";
import { Outbox } from "../src";

function memory(): Pick<Storage, "getItem" | "setItem"> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}
const make = (keep = memory()) => new Outbox(keep, "box", () => 5, () => 42);
const text = (words: string) => ({ do: "post", type: "text", text: words }) as const;
const own = (conversation: string, n: number): ServerFrame => ({
  t: "event", seq: 9, at: 1, on: { conversation }, by: { type: "user", id: "1" }, to: "customer", from: { tab: 42, n },
  kind: "message_posted", type: "text", text: "x",
});

test("counts per conversation, with the lowest unanswered number as base", () => {
  const box = make();
  const [one, two, other] = [box.conversation("7", text("a")), box.conversation("7", text("b")), box.conversation("8", text("c"))];
  expect([one.n, two.n, other.n]).toEqual([1, 2, 1]);
  expect(box.frame(two)).toMatchObject({ t: "do", conversation: "7", n: 2, base: 1, do: "post", text: "b" });
  expect(box.settle(own("7", 1))).toBe(true);
  expect(box.frame(two)).toMatchObject({ n: 2, base: 2 });
});

test("its own event, done and refused each answer; someone else's does not", () => {
  const box = make();
  box.conversation("7", { do: "accept" });
  box.conversation("7", { do: "close" });
  box.agent("1", { do: "no_new", on: true });
  expect(box.settle({ ...own("7", 1), from: { tab: 41, n: 1 } } as ServerFrame)).toBe(false);
  expect(box.settle({ t: "done", n: 1, conversation: "7", seq: 3 })).toBe(true);
  expect(box.settle({ t: "refused", n: 2, conversation: "7", code: "closed", message: "已结束" })).toBe(true);
  expect(box.settle({ t: "done", n: 1, seq: 3 })).toBe(true);
  expect(box.entries).toEqual([]);
});

test("words that were refused stay, with the reason; they are not sent again by themselves", () => {
  const box = make();
  box.conversation("7", text("您好"));
  box.settle({ t: "refused", n: 1, conversation: "7", code: "closed", message: "会话已结束" });
  expect(box.entries).toMatchObject([{ state: "failed", message: "会话已结束" }]);
  expect(box.again()).toEqual([]);
  const next = box.conversation("7", text("再发"));
  expect(box.frame(next)).toMatchObject({ n: 2, base: 2 });
});

test("a gap or a busy server leaves the entry to be sent again", () => {
  const box = make();
  box.conversation("7", text("a"));
  box.conversation("7", text("b"));
  expect(box.settle({ t: "refused", n: 2, conversation: "7", code: "gap", message: "", expected: 1 })).toBe(false);
  expect(box.again("7").map((frame) => "n" in frame && frame.n)).toEqual([1, 2]);
});

test("entries, counters and the tab's name outlive a reload", () => {
  const keep = memory();
  const before = make(keep);
  before.conversation("7", text("a"));
  const after = new Outbox(keep, "box", () => 6, () => 99);
  expect(after.tab).toBe(42);
  expect(after.again()).toMatchObject([{ n: 1, base: 1, text: "a" }]);
  expect(after.conversation("7", text("b")).n).toBe(2);
});

test("a change of the agent's state answers what was asked of the agent", () => {
  const box = make();
  box.agent("1", { do: "set_state", state: "ready" });
  box.conversation("7", text("a"));
  const changed: ServerFrame = {
    t: "event", seq: 9, at: 1, on: { user: "1" }, by: { type: "user", id: "1" }, to: "staff",
    kind: "agent_state_changed", agent: "1", state: "ready", was: "offline", lasted_ms: 1, no_new: false,
  };
  expect(box.settle(changed)).toBe(true);
  expect(box.entries.map((it) => it.act.do)).toEqual(["post"]);
});
