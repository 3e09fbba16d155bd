// Commands on their way, so that each is done once: over a cut connection, a reload, a closed tab.
//
// A command is known by its tab and `n`, which counts per target (a conversation, or none yet). It stays here
// until its own event, `done` or `refused` comes back. Pure: every function gives the next state.

import type { Act, ClientFrame, Content, Event, Refused, VisitorAct } from "../../wire";

export type Start = { topic?: number; fields: Record<string, string>; content?: Content };

/** What is asked. A post made before the conversation's id is known is held back until it is. */
type What = { do: "start"; start: Start } | { do: "act"; act: Act } | { do: "visitor"; act: VisitorAct };

export type Pending = {
  /** Names the entry for the screen; stays over a retry. */
  key: number;
  target: string;
  n: number;
  at: number;
  /** The log's position when it was made: an older event cannot answer it. */
  after: number;
  what: What;
};

/** A message that waits for its conversation, or was refused and waits for the visitor. */
export type Parked = { key: number; at: number; content: Content; why: string };

export type Outbox = {
  tab: number;
  /** The last `n` given per target. */
  counters: Record<string, number>;
  pending: Pending[];
  held: Parked[];
  failed: Parked[];
  keys: number;
};

/** The target of a start, which has no conversation yet. */
export const NONE = "";
/** The target of the visitor's own acts. Their events carry no `n`: they are known by their kind. */
export const SELF = "visitor";

const DEEDS: Record<string, VisitorAct["do"]> = {
  invitation_shown: "invitation_shown",
  invitation_answered: "invitation_answered",
  notice_accepted: "accept_notice",
};

export const empty = (tab: number): Outbox => ({ tab, counters: {}, pending: [], held: [], failed: [], keys: 0 });

export const isStarting = (box: Outbox) => box.pending.some((one) => one.what.do === "start");

/** Numbers a command and queues it. */
export function put(box: Outbox, target: string, what: What, at: number, after: number, key = box.keys + 1): Outbox {
  const n = (box.counters[target] ?? 0) + 1;
  return {
    ...box,
    counters: { ...box.counters, [target]: n },
    pending: [...box.pending, { key, target, n, at, after, what }],
    keys: Math.max(box.keys, key),
  };
}

/** Says something: in the conversation, else by starting one, else behind the start that is on its way. */
export function say(box: Outbox, conversation: string | null, content: Content, at: number, after: number, key = box.keys + 1): Outbox {
  if (isStarting(box))
    return { ...box, held: [...box.held, { key, at, content, why: "" }], keys: Math.max(box.keys, key) };
  return conversation
    ? put(box, conversation, { do: "act", act: { do: "post", ...content } }, at, after, key)
    : put(box, NONE, { do: "start", start: { fields: {}, content } }, at, after, key);
}

/** Every command without an answer, in order, as it goes on the wire now. */
export function frames(box: Outbox): ClientFrame[] {
  const base = new Map<string, number>();
  for (const { target, n } of box.pending) base.set(target, Math.min(n, base.get(target) ?? n));
  return box.pending.map((one) => {
    const { n, target, what } = one;
    const sent = { n, base: base.get(target) ?? n };
    if (what.do === "start") return { t: "start", ...sent, ...what.start };
    if (what.do === "visitor") return { t: "visitor", n, ...what.act };
    return { t: "do", conversation: target, ...sent, ...what.act };
  });
}

/** Takes an answered command out. A started conversation frees what was held back for it. */
function settle(box: Outbox, one: Pending, conversation: string | undefined): Outbox {
  const rest: Outbox = { ...box, pending: box.pending.filter((other) => other !== one) };
  if (one.what.do !== "start" || !conversation) return rest;
  // The conversation's owner may have counted the start itself: going on from its number is right either way,
  // since `base` lifts an owner that did not.
  let next: Outbox = {
    ...rest,
    counters: { ...rest.counters, [conversation]: Math.max(one.n, rest.counters[conversation] ?? 0) },
    held: [],
  };
  for (const { content, at, key } of rest.held) next = say(next, conversation, content, at, one.after, key);
  return next;
}

/**
 * Which command an answer is for. A start is answered under the id of the conversation that it made, which this tab
 * cannot have counted for before: an answer under a known id with a known `n` belongs to an older command.
 */
function answered(box: Outbox, n: number, conversation: string | undefined, seq: number): Pending | undefined {
  return (
    box.pending.find((one) => one.n === n && one.target === (conversation ?? NONE)) ??
    box.pending.find(
      (one) =>
        one.n === n && one.what.do === "start" && seq > one.after && n > (box.counters[conversation ?? NONE] ?? 0),
    )
  );
}

/** One's own event is the acknowledgement. */
export function acknowledge(box: Outbox, event: Event): Outbox {
  const { from, on, seq } = event;
  const deed = DEEDS[event.kind];
  if (deed) {
    const own = box.pending.find(({ what, after }) => what.do === "visitor" && what.act.do === deed && seq > after);
    return own ? settle(box, own, undefined) : box;
  }
  const one = from?.tab === box.tab ? answered(box, from.n, on.conversation, seq) : undefined;
  return one ? settle(box, one, on.conversation) : box;
}

/** `done`: it happened before, or has no event of its own. */
export function done(box: Outbox, n: number, conversation: string | undefined): Outbox {
  const one = answered(box, n, conversation, Infinity);
  return one ? settle(box, one, conversation) : box;
}

/** When what is left should be sent again. */
export type Again = "no" | "now" | "later";

export function refuse(box: Outbox, { n, conversation, code, message }: Refused): [Outbox, Again] {
  const one =
    box.pending.find((one) => one.n === n && one.target === (conversation ?? NONE)) ??
    box.pending.find((one) => one.n === n && one.target === SELF && !conversation);
  if (!one || code === "gap") return [box, code === "gap" ? "now" : "no"];
  if (code === "busy" || code === "unavailable") return [box, "later"];
  const rest: Outbox = { ...box, pending: box.pending.filter((other) => other !== one) };
  const { at, key, after, what } = one;
  const content = what.do === "start" ? what.start.content : what.do === "act" && what.act.do === "post" ? contentOf(what.act) : undefined;
  if (!content) return [rest, "no"];
  // The conversation ended for good while this was under way: it begins a new one, nothing is lost.
  if (code === "closed" && what.do === "act") return [say(rest, null, content, at, after, key), "now"];
  const fallen = what.do === "start" ? rest.held.map((held) => ({ ...held, why: message })) : [];
  return [
    {
      ...rest,
      held: what.do === "start" ? [] : rest.held,
      failed: [...rest.failed, { key, at, content, why: message }, ...fallen],
    },
    "no",
  ];
}

/** The visitor asks to send a refused message again. */
export function retry(box: Outbox, key: number, conversation: string | null, at: number, after: number): Outbox {
  const one = box.failed.find((parked) => parked.key === key);
  if (!one) return box;
  return say({ ...box, failed: box.failed.filter((other) => other !== one) }, conversation, one.content, at, after, key);
}

export const discard = (box: Outbox, key: number): Outbox => ({ ...box, failed: box.failed.filter((one) => one.key !== key) });

export const contentOf = (from: Content): Content =>
  from.type === "text"
    ? { type: "text", text: from.text }
    : { type: "file", file: from.file, name: from.name, mime: from.mime, size: from.size };

export type Unsent = { key: number; at: number; content: Content; state: "sending" | "failed"; why: string };

/** What the screen shows below the log: the visitor's messages that are not stored yet. */
export function unsent(box: Outbox): Unsent[] {
  const sending = box.pending.flatMap(({ key, at, what }): Unsent[] => {
    const content = what.do === "start" ? what.start.content : what.do === "act" && what.act.do === "post" ? what.act : undefined;
    return content ? [{ key, at, content: contentOf(content), state: "sending", why: "" }] : [];
  });
  const held = box.held.map((one): Unsent => ({ ...one, state: "sending" }));
  const failed = box.failed.map((one): Unsent => ({ ...one, state: "failed" }));
  return [...sending, ...held, ...failed].sort((a, b) => a.key - b.key);
}
