import {
  adopt, append, conversationOf, eventStream, fromDesk, Link, Outbox, prepend, receive, webSocket, type DeskState,
  type Entry, type LinkState, type Thread,
} from "@yingda/sync";
import type {
  Act, Actor, AgentAct, ClientFrame, Conversation, ConversationFound, ConversationId, Event, Events, ServerFrame, UserId,
} from "@yingda/wire";
import { LEVEL } from "@yingda/wire";
import { ref, shallowReactive, shallowRef } from "vue";
import { address, api } from "../api";
import { me } from "../session";
import { openOutbox } from "./tab";

/** Everything that this console knows, kept up to date by the socket. `null` until the first frame. */
export const desk = shallowRef<DeskState | null>(null);
export const linkState = ref<LinkState>("stopped");
/** Commands on their way, and those that were refused. */
export const entries = shallowRef<readonly Entry[]>([]);
/** The loaded part of each opened conversation. */
export const threads = shallowReactive(new Map<ConversationId, Thread>());
export const typing = shallowReactive(new Map<ConversationId, { by: Actor; preview: string; at: number }>());

type Refused = Extract<ServerFrame, { t: "refused" }>;
interface Listeners {
  event: (event: Event, state: DeskState) => void;
  refused: (frame: Refused, entry: Entry | undefined) => void;
  signedOut: (reason: string) => void;
}
const listeners: { [K in keyof Listeners]: Set<Listeners[K]> } = { event: new Set(), refused: new Set(), signedOut: new Set() };

/** Calls back for each thing of a kind; gives back how to stop. */
export function listen<K extends keyof Listeners>(what: K, heard: Listeners[K]): () => void {
  listeners[what].add(heard);
  return () => listeners[what].delete(heard);
}

let link: Link | null = null;
let outbox: Outbox | null = null;
const watched = new Set<ConversationId>();
/** Events of conversations that are being fetched. */
const early = new Map<ConversationId, Event[]>();

export async function connect(): Promise<void> {
  if (link || !me.value) return;
  const box = await openOutbox(me.value.id);
  outbox = box;
  entries.value = box.entries;
  const socket = new URL(address("/ws"), location.href);
  socket.protocol = socket.protocol.replace("http", "ws");
  link = new Link({
    transports: [webSocket(socket.href), eventStream(address("/stream"), () => ({ "x-yingda": "console" }))],
    hello: () => ({ t: "console", tab: box.tab, after: desk.value?.seq ?? null, level: LEVEL }),
    frame: take,
    state: (state) => (linkState.value = state),
  });
  link.start();
  addEventListener("online", nudge);
  document.addEventListener("visibilitychange", nudge);
}

export function disconnect(): void {
  link?.stop();
  link = null;
  outbox = null;
  desk.value = null;
  threads.clear();
  typing.clear();
  watched.clear();
  early.clear();
  past.clear();
  entries.value = [];
  removeEventListener("online", nudge);
  document.removeEventListener("visibilitychange", nudge);
}

function nudge(): void {
  if (document.visibilityState === "visible") link?.nudge();
}

// ── doing ──

export function act(conversation: ConversationId, what: Act): void {
  if (outbox) hand(outbox, outbox.conversation(conversation, what));
}

export function actAgent(agent: UserId, what: AgentAct): void {
  if (outbox) hand(outbox, outbox.agent(agent, what));
}

function hand(box: Outbox, entry: Entry): void {
  entries.value = box.entries;
  link?.send(box.frame(entry));
}

/** A refused message is given again, as a new command. */
export function retry(entry: Entry): void {
  dismiss(entry);
  if ("conversation" in entry) act(entry.conversation, entry.act);
}

export function dismiss(entry: Entry): void {
  outbox?.dismiss(entry);
  entries.value = outbox?.entries ?? [];
}

/** What may be lost: typing, looking. */
export const tell = (frame: ClientFrame): boolean => link?.send(frame) ?? false;

/** Also receive a conversation that is not one's own; remembered across connections. */
export function watchConversation(conversation: ConversationId, on: boolean): void {
  if (on) watched.add(conversation);
  else watched.delete(conversation);
  tell({ t: "watch", conversation, on });
  if (on) readAgain([conversation]);
}

// ── receiving ──

function take(frame: ServerFrame): void {
  if (frame.t === "refused") refused(frame);
  if (outbox?.settle(frame)) entries.value = outbox.entries;
  switch (frame.t) {
    case "desk": {
      const first = desk.value === null;
      me.value = frame.me;
      desk.value = fromDesk(frame, Date.now(), desk.value?.visitors);
      resume();
      if (!first) readAgain(threads.keys());
      return;
    }
    case "resumed":
      return resume();
    case "event":
      return happened(frame);
    case "typing":
      if (frame.on) typing.set(frame.conversation, { by: frame.by, preview: frame.preview ?? "", at: Date.now() });
      else typing.delete(frame.conversation);
      return;
    case "reload":
      desk.value = desk.value && { ...desk.value, seq: 0 };
      link?.stop();
      link?.start();
      return;
    case "signed_out":
      for (const heard of listeners.signedOut) heard(frame.reason);
      return;
    default:
      if (desk.value) desk.value = receive(desk.value, frame);
  }
}

function resume(): void {
  for (const conversation of watched) tell({ t: "watch", conversation, on: true });
  for (const frame of outbox?.again() ?? []) link?.send(frame);
}

function happened(event: Event): void {
  const before = desk.value;
  if (!before) return;
  const state = receive(before, { t: "event", ...event });
  if (state === before) return;
  desk.value = state;
  const id = conversationOf(event);
  if (id !== null) {
    const thread = threads.get(id);
    if (thread) threads.set(id, append(thread, event));
    if (event.kind === "message_posted") typing.delete(id);
    if (!state.conversations.has(id)) fetchConversation(id, event);
  }
  for (const heard of listeners.event) heard(event, state);
}

function refused(frame: Refused): void {
  if (frame.code === "gap") return again(frame.conversation);
  if (frame.code === "busy" || frame.code === "unavailable") {
    setTimeout(() => again(frame.conversation), 1_000);
    return;
  }
  const entry = outbox?.entries.find((it) => it.n === frame.n && ("conversation" in it ? it.conversation : null) === (frame.conversation ?? null));
  for (const heard of listeners.refused) heard(frame, entry);
}

function again(conversation?: ConversationId | null): void {
  for (const frame of outbox?.again(conversation ?? undefined) ?? []) link?.send(frame);
}

/** An event told of a conversation that this console did not have: read it, then apply what came meanwhile. */
function fetchConversation(id: ConversationId, event: Event): void {
  const waiting = early.get(id);
  if (waiting) {
    waiting.push(event);
    return;
  }
  early.set(id, [event]);
  void loadConversation(id)
    .catch(() => null)
    .finally(() => early.delete(id));
}

/** Conversations that are over and were opened to be read. */
const past = shallowReactive(new Map<ConversationId, Conversation>());

export const openedPast = (id: ConversationId): Conversation | null => past.get(id) ?? null;

/** Reads that are under way: whoever asks meanwhile waits for the same one. */
const reading = new Map<ConversationId, Promise<Conversation>>();

/** Reads a conversation as it is now, open or over. */
export function loadConversation(id: ConversationId): Promise<Conversation> {
  const underWay = reading.get(id) ?? readConversation(id).finally(() => reading.delete(id));
  reading.set(id, underWay);
  return underWay;
}

async function readConversation(id: ConversationId, again = true): Promise<Conversation> {
  const { live } = await api.get<ConversationFound>(`/conversations/${id}`);
  if (live.phase === "closed") past.set(id, live);
  else if (desk.value) desk.value = adopt(desk.value, live);
  const behind = (early.get(id) ?? []).some((event) => event.seq > live.last_seq);
  return behind && again ? readConversation(id, false) : live;
}

// ── threads ──

const PAGE = 60;

export async function openThread(id: ConversationId): Promise<void> {
  if (threads.has(id)) return;
  const { events, more } = await api.get<Events>(`/conversations/${id}/events`, { query: { limit: PAGE } });
  threads.set(id, prepend(threads.get(id) ?? { events: [], more }, events, more));
}

export async function loadOlder(id: ConversationId): Promise<void> {
  const thread = threads.get(id);
  const first = thread?.events[0];
  if (!thread?.more || !first) return;
  const { events, more } = await api.get<Events>(`/conversations/${id}/events`, {
    query: { before: first.seq, limit: PAGE * 3 },
  });
  threads.set(id, prepend(threads.get(id) ?? thread, events, more));
}

/** Up to where each thread is known to be whole. What is heard live comes behind what was missed, and must not hide it. */
const whole = new Map<ConversationId, number>();

/** Listen first, then read: what happens in between would be in neither. */
function readAgain(ids: Iterable<ConversationId>): void {
  const open = [...ids].filter((id) => threads.has(id));
  for (const id of open) if (!whole.has(id)) whole.set(id, threads.get(id)?.events.at(-1)?.seq ?? 0);
  link?.settled(() => open.forEach((id) => void refresh(id)));
}

/** After a gap in the stream: what came since the thread was whole, or the last page when that is too much. */
async function refresh(id: ConversationId): Promise<void> {
  const { events, more } = await api.get<Events>(`/conversations/${id}/events`, { query: { after: whole.get(id) ?? 0, limit: 500 } });
  whole.delete(id);
  const thread = threads.get(id);
  if (thread && !more) return void threads.set(id, prepend(thread, events, thread.more));
  threads.delete(id);
  await openThread(id);
}
