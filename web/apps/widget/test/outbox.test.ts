// SYS-01d: reconnect with no loss; nothing typed is lost over a reload, nothing is said twice or out of order.

import { describe, expect, it } from "vitest";
import * as out from "../src/frame/core/outbox";
import type { ClientFrame, Content, ServerFrame } from "../src/wire";
import { Owner } from "./owner";

const text = (text: string): Content => ({ type: "text", text });
const TAB = 7;

/** A tab with its owner, a line that can be cut, and a memory that survives a reload. */
class Tab {
  box = out.empty(TAB);
  conversation: string | null = null;
  position = 0;
  constructor(readonly owner: Owner) {}

  say(words: string) {
    this.box = out.say(this.box, this.conversation, text(words), 1, this.position);
  }

  hear(frame: ServerFrame): out.Again {
    if (frame.t === "event") {
      this.box = out.acknowledge(this.box, frame);
      this.position = Math.max(this.position, frame.seq);
      if (frame.kind === "conversation_started") this.conversation = frame.on.conversation!;
    } else if (frame.t === "done") {
      if (frame.conversation && out.isStarting(this.box)) this.conversation = frame.conversation;
      this.box = out.done(this.box, frame.n, frame.conversation);
    } else if (frame.t === "refused") {
      const [box, again] = out.refuse(this.box, frame);
      this.box = box;
      return again;
    }
    return "no";
  }

  /** Sends all that is unanswered; `reaches` and `answered` say which frames pass the line. */
  exchange(reaches: (at: number) => boolean = () => true, answered: (at: number) => boolean = () => true) {
    out.frames(this.box).forEach((frame: ClientFrame, at) => {
      if (!reaches(at)) return;
      const answers = this.owner.take(TAB, frame);
      if (answered(at)) answers.forEach((one) => this.hear(one));
    });
  }

  reload() {
    this.box = JSON.parse(JSON.stringify(this.box));
    this.conversation = null;
    // The welcome brings what was stored meanwhile.
    for (const event of this.owner.events) this.hear({ t: "event", ...event });
  }
}

describe.each([true, false])("an owner that counts the start: %s", (countsStart) => {
  it("starts with the first words, and the rest follows in order", () => {
    const tab = new Tab(new Owner(countsStart));
    ["one", "two", "three"].forEach((words) => tab.say(words));
    expect(out.frames(tab.box)).toHaveLength(1);
    tab.exchange();
    tab.exchange();
    expect(tab.owner.texts()).toEqual(["one", "two", "three"]);
    expect(out.unsent(tab.box)).toEqual([]);
  });

  it("keeps what was typed over a reload in mid-send, and sends it once", () => {
    const tab = new Tab(new Owner(countsStart));
    tab.say("first");
    // The start is stored, its answer is lost with the page.
    tab.exchange(undefined, () => false);
    tab.say("second");
    tab.reload();
    tab.exchange();
    tab.exchange();
    expect(tab.owner.texts()).toEqual(["first", "second"]);
    expect(tab.owner.events.filter(({ kind }) => kind === "conversation_started")).toHaveLength(1);
  });

  it("sends again after a cut line, and a lost answer makes no second message", () => {
    const tab = new Tab(new Owner(countsStart));
    tab.say("a");
    tab.exchange();
    ["b", "c", "d"].forEach((words) => tab.say(words));
    tab.exchange((at) => at < 2, (at) => at < 1);
    tab.exchange();
    expect(tab.owner.texts()).toEqual(["a", "b", "c", "d"]);
    expect(tab.box.pending).toEqual([]);
  });

  it("is told of a gap and sends from the missing one on", () => {
    const tab = new Tab(new Owner(countsStart));
    tab.say("a");
    tab.exchange();
    tab.say("b");
    tab.say("c");
    const [, c] = out.frames(tab.box);
    const [refused] = tab.owner.take(TAB, c!);
    expect(refused).toMatchObject({ code: "gap" });
    expect(tab.hear(refused!)).toBe("now");
    tab.exchange();
    expect(tab.owner.texts()).toEqual(["a", "b", "c"]);
  });

  it("says in a new conversation what the old one, closed for good, refused", () => {
    const tab = new Tab(new Owner(countsStart));
    tab.say("a");
    tab.exchange();
    tab.owner.over.add("c1");
    tab.say("b");
    tab.say("c");
    tab.exchange();
    tab.exchange();
    tab.exchange();
    expect(tab.owner.texts()).toEqual(["a", "b", "c"]);
    expect(tab.conversation).toBe("c2");
    expect(out.unsent(tab.box)).toEqual([]);
  });

  it("loses, doubles and reorders nothing on any plan of cuts, lost answers and reloads", () => {
    for (let seed = 1; seed <= 400; seed++) {
      const dice = random(seed);
      const tab = new Tab(new Owner(countsStart));
      const typed: string[] = [];
      for (let step = 0; step < 25; step++) {
        if (dice() < 0.5) {
          typed.push(`${seed}.${step}`);
          tab.say(typed[typed.length - 1]!);
        }
        if (dice() < 0.2) tab.reload();
        // A line carries a beginning of what is sent; of the answers, a beginning comes back.
        const sent = dice() < 0.5 ? Infinity : Math.floor(dice() * 4);
        const back = dice() < 0.5 ? Infinity : Math.floor(dice() * 4);
        tab.exchange((at) => at < sent, (at) => at < back);
      }
      tab.reload();
      tab.exchange();
      tab.exchange();
      expect(tab.owner.texts(), `seed ${seed}`).toEqual(typed);
      expect(out.unsent(tab.box), `seed ${seed}`).toEqual([]);
    }
  });
});

it("parks a refused message with its reason, and sends it again when asked", () => {
  const owner = new Owner(true);
  const tab = new Tab(owner);
  tab.say("a");
  tab.exchange();
  tab.say("rude");
  const [frame] = out.frames(tab.box);
  tab.hear({ t: "refused", n: (frame as { n: number }).n, conversation: "c1", code: "banned", message: "不能发送" });
  const [parked] = out.unsent(tab.box);
  expect(parked).toMatchObject({ state: "failed", why: "不能发送", content: text("rude") });
  tab.say("b");
  tab.exchange();
  expect(owner.texts()).toEqual(["a", "b"]);
  tab.box = out.retry(tab.box, parked!.key, tab.conversation, 2, tab.position);
  tab.exchange();
  expect(owner.texts()).toEqual(["a", "b", "rude"]);
});

it("keeps a refused start's words and all that waited behind it", () => {
  const tab = new Tab(new Owner(true));
  tab.say("a");
  tab.say("b");
  tab.hear({ t: "refused", n: 1, code: "queue_closed", message: "已下班" });
  expect(out.unsent(tab.box).map(({ content, state }) => [content, state])).toEqual([
    [text("a"), "failed"],
    [text("b"), "failed"],
  ]);
});

it("asks a busy owner again later, with the same number", () => {
  const tab = new Tab(new Owner(true));
  tab.say("a");
  const [before] = out.frames(tab.box);
  expect(tab.hear({ t: "refused", n: 1, code: "busy", message: "" })).toBe("later");
  expect(out.frames(tab.box)).toEqual([before]);
});

it("does not take an old conversation's event for the answer to a new start", () => {
  const tab = new Tab(new Owner(true));
  tab.say("a");
  tab.exchange();
  tab.conversation = null;
  tab.box = { ...tab.box, counters: { ...tab.box.counters, [out.NONE]: 0 } };
  tab.say("new");
  const [old] = tab.owner.events;
  tab.hear({ t: "event", ...old!, seq: tab.position + 2 });
  expect(out.unsent(tab.box)).toHaveLength(1);
});

it("knows the visitor's own acts by the kind of their events, and does not count them with starts", () => {
  const tab = new Tab(new Owner(true));
  tab.box = out.put(tab.box, out.SELF, { do: "visitor", act: { do: "accept_notice", widget: "w", version: 1, guardian: false } }, 1, 100);
  tab.say("a");
  expect(out.frames(tab.box)).toMatchObject([{ t: "visitor", n: 1 }, { t: "start", n: 1, base: 1 }]);
  tab.hear({ t: "event", seq: 101, at: 1, on: { visitor: "v" }, by: { type: "visitor", id: "v" }, kind: "notice_accepted" });
  expect(out.frames(tab.box)).toMatchObject([{ t: "start" }]);
});

/** mulberry32 */
function random(seed: number) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
