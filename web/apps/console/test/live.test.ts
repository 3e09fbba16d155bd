// What a supervisor sees at a glance: urgency by threshold, service level, order of agents and of those who wait.
import type { Agent, Conversation, QueueNow } from "@yingda/wire";
import { expect, test } from "vitest";
import { agentRows, merged, serviceLevel, together, urgency, waitingRows, worst } from "../src/features/live/figures";
import { percent } from "../src/features/live/percent";

const queue = (more: Partial<QueueNow>): QueueNow => ({
  queue: "1", waiting: 0, longest_since_at: null, active: 0, ready: 0, wait_s: null, entered: 0, answered: 0, answered_in_time: 0, abandoned: 0, abandoned_in_time: 0, ...more,
});

test.each([
  [14_999, "calm"],
  [15_000, "soon"],
  [19_999, "soon"],
  [20_000, "late"],
])("a wait of %i ms against 20 s is %s", (waited, expected) => {
  expect(urgency(waited, 20)).toBe(expected);
});

test("a long wait alarms by its own queue's threshold, not by a stricter one's", () => {
  const threshold = (id: string) => (id === "vip" ? 10 : 20);
  expect(worst([queue({ queue: "vip" }), queue({ longest_since_at: 0 })], 11_000, threshold)).toBe("calm");
  expect(worst([queue({ queue: "vip", longest_since_at: 0 }), queue({ longest_since_at: 0 })], 11_000, threshold)).toBe("late");
});

test("service level F1, and nothing to divide by", () => {
  expect(serviceLevel({ answered: 32, answered_in_time: 31, abandoned: 2, abandoned_in_time: 2 })).toBeCloseTo(33 / 34);
  expect(percent(33 / 34)).toBe("97.1%");
  expect(percent(serviceLevel(queue({})))).toBe("–");
});

test("totals add up, and the longest wait is the oldest one", () => {
  const sums = together([queue({ waiting: 2, longest_since_at: 50, answered: 3 }), queue({ waiting: 1, longest_since_at: 20, answered: 4 }), queue({})]);
  expect(sums).toMatchObject({ waiting: 3, longest_since_at: 20, answered: 7 });
});

test("what waits is the pushed figure, what only the server counts is the counted one", () => {
  const now = merged(queue({ waiting: 5, answered: 8, ready: 9 }), queue({ waiting: 1, answered: 7, ready: 2, active: 4 }));
  expect(now).toMatchObject({ waiting: 5, answered: 8, ready: 2, active: 4 });
  expect(merged(queue({ waiting: 5 }), undefined).waiting).toBe(5);
});

test("who works comes first, who is away last", () => {
  const agent = (id: string, state: Agent["state"], holds: string[] = []): Agent => ({ id, state, reason: "", since_at: 0, pending: null, media_off: [], no_new: false, gone_at: null, idle_since_at: 0, holds });
  const rows = agentRows([agent("a", "offline"), agent("b", "ready"), agent("c", "ready", ["9"])], (id) => id, new Map());
  expect(rows.map((it) => [it.agent.id, it.doing])).toEqual([["c", "on_contact"], ["b", "ready"], ["a", "offline"]]);
});

test("the waiting list: longest first, of one queue when one is chosen", () => {
  const talk = (id: string, phase: Conversation["phase"], since_at: number, of: string) => ({ id, phase, since_at, queue: of }) as Conversation;
  const all = [talk("1", "waiting", 30, "q"), talk("2", "offered", 10, "r"), talk("3", "active", 5, "q")];
  expect(waitingRows(all, null).map((it) => it.id)).toEqual(["2", "1"]);
  expect(waitingRows(all, "q").map((it) => it.id)).toEqual(["1"]);
});
