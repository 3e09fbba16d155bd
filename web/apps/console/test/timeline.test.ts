// What an agent sees of a conversation: groups, days, delivery, recall, unread.
import type { Entry } from "@yingda/sync";
import type { Event, Fact } from "@yingda/wire";
import { expect, test } from "vitest";
import { firstUnread, lastVisitorSeq, timeline, type Item } from "../src/features/desk/timeline";

const visitor = { type: "visitor", id: "7" } as const;
const me = { type: "user", id: "1" } as const;
const NOON = new Date(2026, 10, 21, 12, 0, 0).getTime();

let seq = 0;
const event = (by: Event["by"], at: number, fact: Fact): Event =>
  ({ seq: ++seq, at, on: { conversation: "9" }, by, to: "customer", ...fact }) as Event;
const says = (by: Event["by"], at: number, text: string) => event(by, at, { kind: "message_posted", type: "text", text });

function show(events: Event[], more: { entries?: Entry[]; readByVisitor?: number; leaves?: boolean; firstUnread?: number | null } = {}): Item[] {
  return timeline({ events, entries: [], me: "1", readByVisitor: 0, leaves: false, firstUnread: null, skew_ms: 0, ...more });
}
const brief = (items: Item[]) =>
  items.map((it) => (it.type === "bubble" ? `${it.side}${it.first ? "+" : ""}${it.delivery ? ` ${it.delivery}` : ""}` : it.type === "line" ? it.event.kind : it.type));

test("bubbles are grouped by speaker and minute", () => {
  seq = 0;
  const events = [says(visitor, NOON, "a"), says(visitor, NOON + 5_000, "b"), says(me, NOON + 6_000, "c"), says(visitor, NOON + 7_000, "d"), says(visitor, NOON + 70_000, "e")];
  expect(brief(show(events))).toEqual(["day", "theirs+", "theirs", "ours+ sent", "theirs+", "theirs+"]);
});

test("a new day gets its line, and begins a new group", () => {
  seq = 0;
  const midnight = new Date(2026, 10, 22).getTime();
  expect(brief(show([says(visitor, midnight - 1_000, "a"), says(visitor, midnight + 1_000, "b")]))).toEqual(["day", "theirs+", "day", "theirs+"]);
});

test("delivery: read up to a position, then sent, then on its way or refused", () => {
  seq = 0;
  const entry = (n: number, state: Entry["state"]): Entry => ({ n, at: NOON + 9_000, state, conversation: "9", act: { do: "post", type: "text", text: "x" } });
  const items = show([says(me, NOON, "a"), says(me, NOON + 1, "b")], { readByVisitor: 1, entries: [entry(1, "pending"), entry(2, "failed")] });
  expect(brief(items)).toEqual(["day", "ours+ read", "ours sent", "ours sending", "ours failed"]);
});

test("by a channel: on its way until the other side has it, then what was told last", () => {
  seq = 0;
  const told = (message: number, state: "sent" | "delivered" | "failed", reason = "") => event({ type: "system" }, NOON + 9, { kind: "message_delivered", message, state, reason });
  const leaves_at = NOON + 10_000;
  const events = [
    event(me, NOON, { kind: "message_posted", type: "text", text: "a", leaves_at }), says(me, NOON, "b"), says(me, NOON, "c"), says(me, NOON, "d"), says(me, NOON, "e"), says(visitor, NOON, "f"),
    told(2, "sent"), told(3, "sent"), told(3, "delivered"), told(3, "sent"), told(4, "failed", "号码不存在"), told(5, "failed"), told(5, "sent"),
  ];
  const bubbles = show(events, { leaves: true }).flatMap((it) => (it.type === "bubble" ? [it] : []));
  expect(bubbles.map((it) => it.delivery)).toEqual(["leaving", "sent", "delivered", "failed", "sent", null]);
  expect(bubbles[0]?.leavesAt).toBe(leaves_at);
  expect(bubbles[3]?.reason).toBe("号码不存在");
  expect(show(events, { leaves: true }).some((it) => it.type === "line")).toBe(false);
});

test("a recalled message keeps its place without its words", () => {
  seq = 0;
  const items = show([says(me, NOON, "a"), event(me, NOON + 9, { kind: "message_recalled", message: 1 })]);
  expect(items.filter((it) => it.type === "bubble")).toMatchObject([{ recalled: true }]);
});

test("figures and moves of the machine make no line; what a person should know does", () => {
  seq = 0;
  const items = show([
    event({ type: "system" }, NOON, { kind: "queued", queue: "5", reason: "new", priority: 50, since_at: NOON, threshold_s: 20 }),
    event({ type: "system" }, NOON, { kind: "queue_left", queue: "5", exit: "answered", waited_ms: 1 }),
    event(me, NOON, { kind: "first_response", agent: "1", segment: 1, after_ms: 1 }),
    event(me, NOON, { kind: "segment_ended", agent: "1", segment: 1, reason: "closed", talk_ms: 1 }),
    event(me, NOON, { kind: "segment_ended", agent: "1", segment: 1, reason: "transferred", talk_ms: 1, next: { queue: "5" } }),
  ]);
  expect(brief(items)).toEqual(["day", "queued", "segment_ended"]);
});

test("the first unread message is the customer's first one after what staff has read", () => {
  seq = 0;
  const events = [says(visitor, NOON, "a"), says(me, NOON, "b"), says(visitor, NOON, "c"), says(visitor, NOON, "d")];
  expect(firstUnread(events, 1)).toBe(3);
  expect(lastVisitorSeq(events)).toBe(4);
  expect(brief(show(events, { firstUnread: 3 }))).toEqual(["day", "theirs+", "ours+ sent", "unread", "theirs+", "theirs"]);
});
