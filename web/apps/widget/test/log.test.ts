// SYS-01d: what the visitor sees follows the events, in whatever pieces they arrive.

import { describe, expect, it } from "vitest";
import { merge, story, unreadAfter } from "../src/frame/core/log";
import type { Unsent } from "../src/frame/core/outbox";
import { rows, type Said } from "../src/frame/core/rows";
import { words } from "../src/frame/words";
import type { Event } from "../src/wire";

const AT = new Date(2026, 10, 21, 10, 0, 0).getTime();
const on = { conversation: "c1" };
const visitor = { type: "visitor", id: "v" } as const;
const agent = { type: "user", id: "u1" } as const;
const said = (seq: number, by: Event["by"], text: string, at = AT): Event => ({ seq, at, on, by, kind: "message_posted", type: "text", text });
const assigned = (seq: number): Event => ({ seq, at: AT, on, by: { type: "system" }, kind: "assigned", agent: "u1", persona: { name: "李敏" } });

describe("merging", () => {
  it("puts late events in their place and drops doubles", () => {
    const log = [said(3, visitor, "a"), said(9, agent, "d")];
    const merged = merge(merge(log, [said(5, visitor, "b"), said(7, agent, "c")]), [said(9, agent, "d"), said(11, visitor, "e")]);
    expect(merged.map(({ seq }) => seq)).toEqual([3, 5, 7, 9, 11]);
  });
  it("keeps the same array when nothing came", () => {
    const log = [said(3, visitor, "a")];
    expect(merge(log, [])).toBe(log);
  });
});

describe("content of another time or medium", () => {
  it("is neither drawn nor counted, and breaks nothing", () => {
    const mail = { seq: 4, at: AT, on, by: agent, kind: "message_posted", type: "mail", mail: { subject: "退货" } } as unknown as Event;
    const log = [said(3, visitor, "a"), mail, said(5, agent, "b")];
    const drawn = rows(log, [], story(log, "c1"), words.zh).filter((row): row is Said => row.row === "said");
    expect(drawn.map((row) => row.key)).toEqual(["e3", "e5"]);
    expect(unreadAfter(log, 3)).toBe(1);
  });
});

describe("the story", () => {
  it("knows who answers, what was read and what was withdrawn", () => {
    const told = story(
      [
        { seq: 1, at: AT, on, by: visitor, kind: "conversation_started" },
        said(2, visitor, "hi"),
        assigned(3),
        said(4, agent, "oops"),
        { seq: 5, at: AT, on, by: agent, kind: "message_recalled", message: 4 },
        { seq: 6, at: AT, on, by: agent, kind: "read", up_to: 2 },
      ],
      "c1",
    );
    expect(told).toMatchObject({ phase: "active", agent: { name: "李敏" }, readByStaff: 2, lastSeq: 6 });
    expect([...told.recalled]).toEqual([4]);
  });
  it("takes phase and rating from the present conversation only", () => {
    const before: Event[] = [
      { seq: 1, at: AT, on: { conversation: "c0" }, by: visitor, kind: "rated", score: 5, comment: "" },
      { seq: 2, at: AT, on: { conversation: "c0" }, by: visitor, kind: "conversation_closed", reason: "ended" },
    ];
    expect(story([...before, { seq: 3, at: AT, on, by: visitor, kind: "conversation_started" }], "c1")).toMatchObject({ phase: "waiting", rating: null });
  });
  it("counts as unread what others said after the mark", () => {
    const log = [said(1, agent, "a"), said(2, visitor, "b"), said(3, agent, "c"), said(4, agent, "d")];
    expect(unreadAfter(log, 1)).toBe(2);
  });
});

describe("rows", () => {
  const draw = (log: Event[], unsent: Unsent[] = []) => rows(log, unsent, story(log, "c1"), words.zh);
  const saids = (drawn: ReturnType<typeof rows>) => drawn.filter((row): row is Said => row.row === "said");

  it("groups one speaker's messages of a minute", () => {
    const drawn = saids(draw([assigned(1), said(2, agent, "a"), said(3, agent, "b"), said(4, agent, "c", AT + 60_000)]));
    expect(drawn.map(({ first, last }) => [first, last])).toEqual([[true, false], [false, true], [true, true]]);
    expect(drawn[0]!.who.name).toBe("李敏");
  });
  it("tells delivery once, at the last own message, and read as far as it goes", () => {
    const log = [said(1, visitor, "a"), said(2, visitor, "b"), { seq: 3, at: AT, on, by: agent, kind: "read", up_to: 1 } as Event, said(4, visitor, "c")];
    expect(saids(draw(log)).map(({ delivery }) => delivery)).toEqual(["read", null, "sent"]);
  });
  it("shows what is not stored yet below, with its state", () => {
    const drawn = saids(draw([said(1, visitor, "a")], [{ key: 1, at: AT, content: { type: "text", text: "b" }, state: "sending", why: "" }]));
    expect(drawn.map(({ content, delivery }) => [content.type === "text" && content.text, delivery])).toEqual([["a", "sent"], ["b", "sending"]]);
  });
  it("begins each day with its date and draws no withdrawn words", () => {
    const log = [said(1, agent, "secret", AT - 86_400_000), said(2, visitor, "b"), { seq: 3, at: AT, on, by: agent, kind: "message_recalled", message: 1 } as Event];
    const drawn = draw(log);
    expect(drawn.map(({ row }) => row)).toEqual(["day", "line", "day", "said"]);
    expect(JSON.stringify(drawn)).not.toContain("secret");
  });
  it("draws nothing for a kind it does not know", () => {
    expect(draw([{ seq: 1, at: AT, on, by: agent, kind: "sparkled" } as unknown as Event])).toEqual([]);
  });
});
