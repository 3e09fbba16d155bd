// SYS-01: what a console shows is what the events say, once, in order.
import type { Conversation, Desk, Event, Fact } from "@yingda/wire";
import { describe, expect, test } from "vitest";
import { adopt, apply, fromDesk, receive, type DeskState } from "../src";

const LI = "11";
const WANG = "12";
const QUEUE = "5";
const TALK = "900";
const QUIET = { on: false, text: { zh: "", en: "" } };

function desk(): Desk {
  return {
    me: {
      id: LI, login: "li", name: "李敏", staff_no: "1001", may: { conversation_serve: "own" }, masks: [], queues: [QUEUE],
      has_totp: false, preferences: null, names: [],
      settings: {
        company: { zh: "应答", en: "Yingda" }, letter_head: { zh: "", en: "" }, aging_s: 30, grace_s: 20, reopen_hours: 24, recall_s: 120,
        second_sign_in_takes_over: true, show_staff_no: false, break_reasons: [], password_min: 10, require_totp: false, csat_good: 4, portal: null, targets: {}, customers: { fields: [], tiers: [], areas: [], purposes: [], check_days: 365 },
        leads: { people: [], first_min: 0, again_min: 0 }, orders: { exception: null, shipped: QUIET, out_for_delivery: QUIET, delivered: QUIET, delayed: QUIET },
      },
    },
    level: 1,
    seq: 100,
    now_at: 50_000,
    conversations: [],
    agents: [LI, WANG].map((id) => ({ id, state: "ready", reason: "", since_at: 0, pending: null, gone_at: null, media_off: [], no_new: false, idle_since_at: 0, holds: [] })),
    queues: [{ queue: QUEUE, waiting: 0, active: 0, ready: 2, entered: 0, answered: 0, answered_in_time: 0, abandoned: 0, abandoned_in_time: 0 }],
    media: ["chat"],
  };
}

const visitor = { type: "visitor", id: "77" } as const;
const li = { type: "user", id: LI } as const;
const system = { type: "system" } as const;

/** Plays facts on one conversation, one position each. */
function play(state: DeskState, ...facts: [Event["by"], Fact][]): DeskState {
  return facts.reduce((now, [by, fact], step) => {
    const head = { seq: now.seq + 1, at: 60_000 + step * 1_000, on: { conversation: TALK }, by, to: "staff" } as const;
    return apply(now, { ...head, ...fact } as Event);
  }, state);
}

const started: [Event["by"], Fact] = [visitor, { kind: "conversation_started", visitor: "77", medium: "chat", line: "1", lang: "zh", vip: false }];
const queued: [Event["by"], Fact] = [system, { kind: "queued", queue: QUEUE, reason: "new", priority: 50, since_at: 60_000, threshold_s: 20 }];
const assigned: [Event["by"], Fact] = [
  system,
  { kind: "assigned", agent: LI, segment: 1, queue: QUEUE, waited_ms: 1, threshold_s: 20, by_hand: false, persona: { name: "小李" } },
];
const says = (by: Event["by"], text: string): [Event["by"], Fact] => [by, { kind: "message_posted", type: "text", text }];
const talk = (state: DeskState): Conversation => {
  const found = state.conversations.get(TALK);
  if (!found) throw new Error("the conversation is not there");
  return found;
};

describe("a conversation's way", () => {
  test("from the first word to the closing", () => {
    let state = play(fromDesk(desk(), 40_000), started, queued);
    expect(talk(state)).toMatchObject({ phase: "waiting", queue: QUEUE, agent: null });
    expect(state.queues.get(QUEUE)).toMatchObject({ waiting: 1, entered: 1, longest_since_at: 60_000 });

    state = play(state, [system, { kind: "queue_left", queue: QUEUE, exit: "answered", waited_ms: 5 }], assigned);
    expect(talk(state)).toMatchObject({ phase: "active", agent: LI, segment: 1 });
    expect(state.agents.get(LI)?.holds).toEqual([TALK]);
    expect(state.queues.get(QUEUE)).toMatchObject({ waiting: 0, answered: 1, longest_since_at: null });

    state = play(state, says(visitor, "在吗"), says(visitor, "订单没到"));
    expect(talk(state)).toMatchObject({ unread: 2, preview: "订单没到", unanswered_since_at: 60_000 });

    state = play(state, [li, { kind: "read", up_to: state.seq }], says(li, "您好"));
    expect(talk(state)).toMatchObject({ unread: 0, preview: "您好", unanswered_since_at: null });

    state = play(
      state,
      [li, { kind: "segment_ended", agent: LI, segment: 1, reason: "closed", talk_ms: 9 }],
      [li, { kind: "conversation_closed", reason: "ended", agent: LI }],
      [system, { kind: "wrap_up_started", agent: LI, segment: 1, until_at: 99_000 }],
    );
    expect(state.agents.get(LI)?.holds).toEqual([TALK]);
    expect(talk(state)).toMatchObject({ phase: "wrap_up", agent: LI, wrap_until_at: 99_000 });
    state = play(state, [li, { kind: "wrap_up_ended", agent: LI, segment: 1, end: "done", took_ms: 3 }]);
    expect(talk(state).phase).toBe("closed");
    expect(state.agents.get(LI)?.holds).toEqual([]);
  });

  test("a visitor who writes in wrap-up returns to the same agent", () => {
    const state = play(
      fromDesk(desk(), 0), started, queued, assigned,
      [system, { kind: "wrap_up_started", agent: LI, segment: 1, until_at: 99_000 }],
      says(visitor, "还有一个问题"),
      [system, { kind: "wrap_up_ended", agent: LI, segment: 1, end: "customer_wrote", took_ms: 3 }],
      [system, { kind: "conversation_reopened", last_agent: LI }],
      assigned,
    );
    expect(talk(state)).toMatchObject({ phase: "active", agent: LI, wrap_until_at: null });
  });

  test("a missed offer goes back to the queue and is remembered", () => {
    const state = play(
      fromDesk(desk(), 0), started, queued,
      [system, { kind: "offered", agent: LI, queue: QUEUE, until_at: 70_000 }],
      [system, { kind: "offer_ended", agent: LI, queue: QUEUE, end: "timed_out", after_ms: 15_000 }],
    );
    expect(talk(state)).toMatchObject({ phase: "waiting", offer: null, refused_by: [LI] });
  });

  test("a transfer takes it from one agent and gives it to the other", () => {
    const state = play(
      fromDesk(desk(), 0), started, queued, assigned,
      [li, { kind: "segment_ended", agent: LI, segment: 1, reason: "transferred", talk_ms: 1, next: { agent: WANG } }],
      [li, { kind: "assigned", agent: WANG, segment: 2, waited_ms: 0, threshold_s: 20, by_hand: true, persona: { name: "王" } }],
    );
    expect(talk(state)).toMatchObject({ agent: WANG, segment: 2 });
    expect([state.agents.get(LI)?.holds, state.agents.get(WANG)?.holds]).toEqual([[], [TALK]]);
  });
});

test("a greeting leaves the customer's words in the list", () => {
  const greeting: [Event["by"], Fact] = [li, { kind: "message_posted", type: "text", text: "您好，很高兴为您服务。", author: "automatic" }];
  const state = play(fromDesk(desk(), 0), started, queued, assigned, says(visitor, "下周有货吗"), greeting);
  expect(talk(state)).toMatchObject({ preview: "下周有货吗", unread: 1 });
});

describe("channels", () => {
  const mail = {
    subject: "退货", text: "您好", from: { address: "wang@example.com" }, to: [], cc: [], bcc: [], files: [], html: null, raw: null, proof: null,
    is_automatic: false, is_cut: false, send_at: null,
  };
  const begun: [Event["by"], Fact] = [visitor, { ...started[1], medium: "mail", channel: "31" } as Fact];

  test("a conversation knows the way it came, and a mail is named by its subject", () => {
    const state = play(fromDesk(desk(), 0), begun, queued, assigned, [visitor, { kind: "message_posted", type: "mail", mail }]);
    expect(talk(state)).toMatchObject({ channel: "31", medium: "mail", preview: "退货", unread: 1 });
    const untitled = play(state, [visitor, { kind: "message_posted", type: "mail", mail: { ...mail, subject: "" } }]);
    expect(talk(untitled).preview).toBe("您好");
  });

  test("how far a message went moves the position and nothing else", () => {
    const before = play(fromDesk(desk(), 0), begun, queued, assigned, says(li, "您好"));
    const after = play(before, [system, { kind: "message_delivered", message: before.seq, state: "failed", reason: "mailbox full" }]);
    expect(talk(after)).toEqual({ ...talk(before), last_seq: after.seq });
    expect(after.seq).toBe(before.seq + 1);
  });
});

describe("positions", () => {
  test("an event that was seen already changes nothing, not even the object", () => {
    const state = play(fromDesk(desk(), 0), started, queued, says(visitor, "在吗"));
    const again = { seq: state.seq, at: 1, on: { conversation: TALK }, by: visitor, to: "customer", kind: "message_posted", type: "text", text: "在吗" } as const;
    expect(apply(state, again)).toBe(state);
  });

  test("what did not change stays the same object", () => {
    const before = play(fromDesk(desk(), 0), started, queued);
    const after = play(before, says(visitor, "在吗"));
    expect(after.queues).toBe(before.queues);
    expect(after.agents).toBe(before.agents);
    expect(before.conversations.get(TALK)?.unread).toBe(0);
  });

  test("a conversation read by HTTP never replaces a later one", () => {
    const state = play(fromDesk(desk(), 0), started, queued);
    const old = { ...talk(state), last_seq: 1, preview: "old" };
    expect(adopt(state, old)).toBe(state);
  });

  test("a removed conversation is forgotten", () => {
    const state = play(fromDesk(desk(), 0), started, queued);
    expect(receive(state, { t: "removed", conversation: TALK }).conversations.size).toBe(0);
  });
});
