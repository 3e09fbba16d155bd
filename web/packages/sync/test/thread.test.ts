import type { Event } from "@yingda/wire";
import { expect, test } from "vitest";
import { append, prepend, type Thread } from "../src";

const event = (seq: number): Event => ({
  seq, at: seq, on: { conversation: "1" }, by: { type: "system" }, to: "customer", kind: "message_posted", type: "text", text: String(seq),
});
const thread = (...seqs: number[]): Thread => ({ events: seqs.map(event), more: true });
const seqs = (it: Thread) => it.events.map((one) => one.seq);

test("a thread has each event once and in order, however it came", () => {
  expect(seqs(append(thread(1, 3), event(4)))).toEqual([1, 3, 4]);
  expect(seqs(append(thread(1, 3), event(3)))).toEqual([1, 3]);
  expect(seqs(append(thread(1, 3), event(2)))).toEqual([1, 2, 3]);
  const older = prepend(thread(5, 6), [event(2), event(3), event(5)], false);
  expect([seqs(older), older.more]).toEqual([[2, 3, 5, 6], false]);
});
