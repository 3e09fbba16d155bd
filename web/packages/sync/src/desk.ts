import type {
  Agent, Conversation, ConversationId, Desk, Event, LiveVisitor, Me, QueueId, QueueNow, ServerFrame, UserId, VisitorId,
} from "@yingda/wire";
import { changed } from "./conversation";

/** What a console knows. Never changed in place: each change makes a new one that shares what stayed the same. */
export interface DeskState {
  me: Me;
  seq: number;
  /** Server clock minus this device's clock, so that timers agree with everybody else's. */
  skew_ms: number;
  conversations: ReadonlyMap<ConversationId, Conversation>;
  agents: ReadonlyMap<UserId, Agent>;
  queues: ReadonlyMap<QueueId, QueueNow>;
  visitors: ReadonlyMap<VisitorId, LiveVisitor>;
}

export function fromDesk(desk: Desk, now: number, visitors: DeskState["visitors"] = new Map()): DeskState {
  return {
    me: desk.me,
    seq: desk.seq,
    skew_ms: desk.now_at - now,
    conversations: new Map(desk.conversations.map((it) => [it.id, it])),
    agents: new Map(desk.agents.map((it) => [it.id, it])),
    queues: new Map(desk.queues.map((it) => [it.queue, it])),
    visitors,
  };
}

export function conversationOf(event: Event): ConversationId | null {
  return typeof event.on === "object" && "conversation" in event.on ? event.on.conversation : null;
}

/** One committed event. An event at or before the state's position was seen already and changes nothing. */
export function apply(state: DeskState, event: Event): DeskState {
  if (event.seq <= state.seq) return state;
  const next = { ...state, seq: event.seq };
  const id = conversationOf(event);
  if (id !== null) {
    const before = state.conversations.get(id);
    const after = changed(before, event, id);
    if (after && after !== before) next.conversations = put(state.conversations, id, after);
    next.agents = agentsAfter(state.agents, id, event);
    next.queues = queuesAfter(state.queues, next.conversations, event);
  } else if (event.kind === "agent_state_changed") {
    const was = state.agents.get(event.agent);
    const away = event.state === "offline" && was?.state !== "offline";
    next.agents = put(state.agents, event.agent, {
      id: event.agent,
      state: event.state,
      reason: event.reason ?? "",
      since_at: was && was.state === event.state && was.reason === (event.reason ?? "") ? was.since_at : event.at,
      pending: event.pending ? { state: event.pending, reason: event.reason ?? "" } : null,
      media_off: event.media_off ?? [],
      no_new: event.no_new ?? false,
      gone_at: away ? event.at : null,
      idle_since_at: was?.idle_since_at ?? event.at,
      holds: was?.holds ?? [],
    });
  }
  return next;
}

/** Frames that change the desk without being events. */
export function receive(state: DeskState, frame: ServerFrame): DeskState {
  switch (frame.t) {
    case "event":
      return apply(state, frame);
    case "removed":
      return { ...state, conversations: without(state.conversations, frame.conversation) };
    case "visitors": {
      const visitors = new Map(frame.all ? [] : state.visitors);
      for (const id of frame.gone) visitors.delete(id);
      for (const it of frame.visitors) visitors.set(it.visitor, it);
      return { ...state, visitors };
    }
    default:
      return state;
  }
}

/** A conversation that was read by HTTP; older than what is known, it changes nothing. */
export function adopt(state: DeskState, conversation: Conversation): DeskState {
  const known = state.conversations.get(conversation.id);
  if (known && known.last_seq >= conversation.last_seq) return state;
  return { ...state, conversations: put(state.conversations, conversation.id, conversation) };
}

function agentsAfter(agents: DeskState["agents"], id: ConversationId, event: Event): DeskState["agents"] {
  const holder = (agent: UserId, holds: boolean) => {
    const known = agents.get(agent);
    if (!known || known.holds.includes(id) === holds) return agents;
    const rest = known.holds.filter((it) => it !== id);
    return put(agents, agent, { ...known, holds: holds ? [...rest, id] : rest, idle_since_at: event.at });
  };
  switch (event.kind) {
    case "assigned":
      return holder(event.agent, true);
    case "segment_ended":
      return event.reason === "closed" ? agents : holder(event.agent, false);
    case "conversation_closed":
      return event.agent ? holder(event.agent, false) : agents;
    case "wrap_up_started":
      return holder(event.agent, true);
    case "wrap_up_ended":
      return holder(event.agent, false);
    default:
      return agents;
  }
}

function queuesAfter(
  queues: DeskState["queues"],
  conversations: DeskState["conversations"],
  event: Event,
): DeskState["queues"] {
  if (event.kind !== "queued" && event.kind !== "queue_left") return queues;
  const now = queues.get(event.queue);
  if (!now) return queues;
  const after = { ...now };
  if (event.kind === "queued") {
    after.waiting += 1;
    if (event.reason !== "returned" && event.reason !== "unanswered") after.entered += 1;
  } else {
    after.waiting = Math.max(0, after.waiting - 1);
    if (event.exit === "answered") after.answered += 1;
    if (event.exit === "abandoned") after.abandoned += 1;
  }
  // Who leaves has no new phase yet: what it becomes is the next event's matter.
  const left = event.kind === "queue_left" ? conversationOf(event) : null;
  const waiting = [...conversations.values()].filter((it) => it.queue === event.queue && isWaiting(it) && it.id !== left);
  after.longest_since_at = waiting.length ? Math.min(...waiting.map((it) => it.since_at)) : null;
  return put(queues, event.queue, after);
}

export const isWaiting = (it: Conversation): boolean => it.phase === "waiting" || it.phase === "offered";

export function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
