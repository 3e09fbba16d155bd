// The conversation as the screen sees it: signals that follow the frames, and what the visitor can do.

import { computed, effect, signal } from "./core/signals";
import type { Arrival, Page, ToHost } from "../bridge";
import { LEVEL, type Act, type Content, type Event, type Hello, type Identity, type Invite, type Lang, type Persona, type ServerFrame, type VisitorAct, type VisitorConfig, type Welcome } from "../wire";
import { Connection, type State } from "./core/connection";
import { eventsBefore } from "./core/http";
import * as inviting from "./core/invite";
import { isOwn, isSaid, merge, story, unreadAfter } from "./core/log";
import * as out from "./core/outbox";
import { rows } from "./core/rows";
import type { Store } from "./core/store";
import { keep } from "./core/tab";
import { chime } from "./chime";
import { pick, words } from "./words";

export type Surroundings = {
  widget: string;
  store: Store;
  box: out.Outbox;
  page: Page;
  arrival: Arrival;
  langs: string[];
  consent: boolean | null;
  identity: Identity | null;
  open: boolean;
  tell(message: ToHost): void;
};

let around: Surroundings;
let connection: Connection;
/** The log's last known position; the site's whole log counts in it. */
let position = 0;
/** Commands that this connection has carried. */
const carried = new Set<string>();
let pageTold = "";
let chosenLang: Lang | null = null;
let returning = false;
let visitor = "";

export const link = signal<State>("connecting");
/** Why there is no talking here, in the server's words. */
export const shut = signal("");
export const config = signal<VisitorConfig | null>(null);
export const lang = signal<Lang>("zh");
export const opened = signal(false);
export const staffed = signal(true);
export const token = signal<string | null>(null);
export const conversation = signal<string | null>(null);
export const log = signal<Event[]>([]);
export const older = signal(false);
export const box = signal<out.Outbox>(out.empty(0));
export const place = signal<{ position: number; wait: number | null } | null>(null);
/** Who types now. */
export const typist = signal<string | null>(null);
export const invitation = signal<Invite | null>(null);
export const noticeAccepted = signal(0);
export const soundOn = signal(false);
/** The visitor wants to show who they are. */
export const proving = signal(false);
const readMark = signal(0);
const pageSince = signal(Date.now());
const known = signal<Persona | null>(null);
const givenRating = signal<number | null>(null);
const readByStaff = signal(0);
const visible = signal(!document.hidden);

export const w = computed(() => words[lang.value]);
export const told = computed(() => {
  const read = story(log.value, conversation.value);
  // The log in hand may begin after the fact: the welcome says what came before.
  read.agent ??= read.phase === "closed" || read.phase === "waiting" ? null : known.value;
  read.rating ??= givenRating.value;
  read.readByStaff = Math.max(read.readByStaff, readByStaff.value);
  return read;
});
export const unsent = computed(() => out.unsent(box.value));
export const drawn = computed(() => rows(log.value, unsent.value, told.value, w.value));
export const isStarting = computed(() => out.isStarting(box.value));
export const isOver = computed(() => !isStarting.value && (!conversation.value || told.value.phase === "closed"));
/** Nobody can answer, and nothing is open: the offline form takes the chat's place. */
export const isOffline = computed(() => !!config.value && !staffed.value && isOver.value);
export const noticeDue = computed(() => {
  const now = config.value;
  return !!now && now.notice_version > noticeAccepted.value && !!(now.notice.zh || now.notice.en);
});
const seen = computed(() => Math.max(readMark.value, told.value.readByVisitor));
export const unread = computed(() => unreadAfter(log.value, seen.value));

export const widgetId = () => around.widget;
export const store = () => around.store;
const mayFollow = () => around.consent !== false && !(config.value?.wait_for_consent && !around.consent);

function change(next: out.Outbox) {
  if (next === box.value) return;
  box.value = next;
  keep(around.store, next);
}

/** Sends what this connection has not carried yet, in order. */
function flush() {
  if (link.value !== "open") return;
  for (const frame of out.frames(box.value)) {
    if (!("n" in frame)) continue;
    const target = frame.t === "do" ? frame.conversation : frame.t === "visitor" ? out.SELF : out.NONE;
    const name = `${target}:${frame.n}`;
    if (carried.has(name)) continue;
    carried.add(name);
    connection.send(frame);
  }
}

let flushing = 0;
function flushAgain(after: number) {
  clearTimeout(flushing);
  flushing = window.setTimeout(() => {
    carried.clear();
    flush();
  }, after);
}

function absorb(events: Event[]) {
  const fresh = events.filter((event) => event.seq > position);
  log.value = merge(log.value, events);
  let next = box.value;
  for (const event of events) {
    next = out.acknowledge(next, event);
    position = Math.max(position, event.seq);
    if (event.kind === "conversation_started" && event.on.conversation && fresh.includes(event)) {
      conversation.value = event.on.conversation;
      known.value = null;
      givenRating.value = null;
    }
    if (event.kind === "conversation_closed") around.store.set("past", "1");
    if (event.kind === "identity_proven") proving.value = false;
    if (event.kind === "assigned") place.value = null;
    if (event.kind === "message_posted" && !isOwn(event.by)) typist.value = null;
  }
  change(next);
  flush();
  return fresh;
}

/** After a long absence the welcome holds a part only: the rest comes by HTTP, backwards until it meets the log. */
async function fill(known: number, upTo: number) {
  for (let before = upTo; before > known && token.value; ) {
    const page = await eventsBefore(before, token.value);
    absorb(page.events);
    if (!page.more || !page.events.length) return;
    before = page.events[0]!.seq;
  }
}

function welcome(now: Welcome) {
  carried.clear();
  link.value = "open";
  config.value = now.config;
  staffed.value = now.staffed;
  token.value = now.token;
  visitor = now.visitor;
  around.store.set("token", now.token);
  around.store.set("gate", now.config.wait_for_consent ? "1" : null);
  noticeAccepted.value = Math.max(noticeAccepted.value, now.notice_version);
  lang.value = chosenLang ?? pick(around.langs, now.config.languages);
  const current = now.conversation;
  conversation.value = current?.id ?? null;
  known.value = current?.agent ?? null;
  givenRating.value = current?.rating ?? null;
  readByStaff.value = current?.read_by_staff ?? 0;
  place.value = current?.position ? { position: current.position, wait: current.wait_s } : null;
  const hadTo = log.value[log.value.length - 1]?.seq;
  if (hadTo === undefined) older.value = now.more || around.store.get("past") === "1";
  else if (now.more) fill(hadTo, now.seq + 1).catch(() => connection.again());
  absorb(now.events);
  position = Math.max(position, now.seq);
  flush();
  tellPage();
}

let typistGone = 0;
function heard(frame: ServerFrame) {
  switch (frame.t) {
    case "welcome":
      return welcome(frame);
    case "event": {
      const [fresh] = absorb([frame]);
      if (fresh && isSaid(fresh) && !isOwn(fresh.by) && soundOn.value && !(opened.value && visible.value)) chime();
      return;
    }
    case "done":
      if (frame.conversation && isStarting.value) conversation.value = frame.conversation;
      change(out.done(box.value, frame.n, frame.conversation));
      return flush();
    case "refused": {
      const [next, again] = out.refuse(box.value, frame);
      change(next);
      if (frame.code === "queue_closed") staffed.value = false;
      if (again !== "no") flushAgain(again === "now" ? 60 : 1500);
      return flush();
    }
    case "typing":
      if (isOwn(frame.by)) return;
      typist.value = frame.on ? ((frame.by.type === "user" && told.value.personas[frame.by.id]?.name) || told.value.agent?.name || w.value.agent) : null;
      clearTimeout(typistGone);
      typistGone = window.setTimeout(() => (typist.value = null), 6000);
      return;
    case "place":
      place.value = { position: frame.position, wait: frame.wait_s ?? null };
      return;
    case "staffed":
      staffed.value = frame.on;
      return;
    case "invite":
      return invited(frame);
    case "removed":
      log.value = log.value.filter((event) => event.on.conversation !== frame.conversation);
      if (conversation.value === frame.conversation) conversation.value = null;
      return;
    case "bad":
      if (!frame.is_final) return;
      shut.value = frame.message;
      return connection.end();
    case "signed_out":
      return connection.end();
  }
}

const whence = () => ({ page: around.page.url, page_title: around.page.title, ...around.arrival });

function hello(): Hello {
  const { widget, identity, consent } = around;
  const follow = consent !== false && (consent || !around.store.get("gate"));
  const last = log.value[log.value.length - 1]?.seq;
  return {
    t: "hello",
    widget,
    tab: box.value.tab,
    lang: lang.value,
    source: follow ? whence() : {},
    level: LEVEL,
    ...(token.value ? { token: token.value } : {}),
    ...(consent ? { consent } : {}),
    ...(identity ? { identity } : {}),
    ...(last ? { after: last } : {}),
  };
}

export function begin(surroundings: Surroundings) {
  around = surroundings;
  const { store } = around;
  box.value = around.box;
  opened.value = around.open;
  token.value = store.get("token");
  returning = !!token.value;
  readMark.value = Number(store.get("read")) || 0;
  soundOn.value = store.get("sound") === "1";
  chosenLang = store.get("lang") as Lang | null;
  lang.value = chosenLang ?? pick(around.langs, []);
  store.watch("who", (who) => who || identified(null));
  store.watch("read", (value) => (readMark.value = Math.max(readMark.value, Number(value) || 0)));
  store.watch("lang", (value) => value && (lang.value = value as Lang));
  document.addEventListener("visibilitychange", () => (visible.value = !document.hidden));
  if (around.identity) isFor(around.identity);
  connection = new Connection(location.origin, hello, { frame: heard, state: (now) => (link.value = now) });
  connection.open();
  // What is on the screen is read, and only then.
  effect(() => {
    if (!opened.value || !visible.value || !unread.value) return;
    const last = log.value.filter((event) => event.kind === "message_posted" && !isOwn(event.by)).pop();
    if (last) queueMicrotask(() => markRead(last.seq));
  });
  effect(() => around.tell({ y: "unread", count: unread.value }));
  effect(awaitInvitation);
}

function markRead(upTo: number) {
  if (upTo <= seen.value) return;
  readMark.value = upTo;
  around.store.set("read", String(upTo));
  if (conversation.value) act({ do: "read", up_to: upTo });
}

function act(what: Act) {
  if (!conversation.value) return;
  change(out.put(box.value, conversation.value, { do: "act", act: what }, Date.now(), position));
  flush();
}

function visitorAct(what: VisitorAct) {
  change(out.put(box.value, out.SELF, { do: "visitor", act: what }, Date.now(), position));
  flush();
}

export function say(content: Content) {
  change(out.say(box.value, conversation.value, content, Date.now(), position));
  flush();
}

export function startWith(start: out.Start) {
  if (isStarting.value) return;
  change(out.put(box.value, out.NONE, { do: "start", start }, Date.now(), position));
  flush();
}

export function sendAgain(key: number) {
  change(out.retry(box.value, key, conversation.value, Date.now(), position));
  flush();
}
export const discard = (key: number) => change(out.discard(box.value, key));
export const rate = (score: number, comment: string) => act({ do: "rate", score, comment });
export const endConversation = () => act({ do: "close" });

export function acceptNotice(guardian: boolean) {
  const version = config.value?.notice_version ?? 0;
  noticeAccepted.value = version;
  visitorAct({ do: "accept_notice", widget: around.widget, version, guardian });
}

export async function loadOlder() {
  const first = log.value[0]?.seq ?? position + 1;
  if (!token.value) return;
  const page = await eventsBefore(first, token.value);
  log.value = merge(log.value, page.events);
  // A part holds one conversation's events; before its first lie those of the conversation before it.
  older.value = page.events.length > 0;
}

let typingSince = 0;
let typingStop = 0;
/** Tells that the visitor types, at most every three seconds; the text itself only where that is disclosed. */
export function typed(text: string) {
  const id = conversation.value;
  if (!id || isOver.value) return;
  const preview = config.value?.sneak_preview ? { preview: text.slice(0, 1000) } : {};
  const stop = () => {
    clearTimeout(typingStop);
    typingSince = 0;
    connection.send({ t: "typing", conversation: id, on: false });
  };
  clearTimeout(typingStop);
  if (!text) return typingSince ? stop() : undefined;
  typingStop = window.setTimeout(stop, 5000);
  if (Date.now() - typingSince < (config.value?.sneak_preview ? 500 : 3000)) return;
  typingSince = Date.now();
  connection.send({ t: "typing", conversation: id, on: true, ...preview });
}

function tellPage() {
  const { url, title, referrer } = around.page;
  if (link.value !== "open" || !mayFollow() || pageTold === url) return;
  pageTold = url;
  connection.send({ t: "page", url, title, referrer });
}

export function pageChanged(page: Page) {
  around.page = page;
  pageSince.value = Date.now();
  tellPage();
}

export function consented(on: boolean) {
  around.consent = on;
  connection.send({ t: "consent", on, source: on ? whence() : {} });
  tellPage();
}

/** Notes who the site says its customer is. Another person at the same browser must not see what this one wrote. */
function isFor(identity: Identity | null) {
  const before = around.store.get("who");
  const id = identity?.id ?? null;
  around.store.set("who", id);
  around.identity = identity;
  if (!before || before === id) return;
  for (const key of ["token", "read", "draft", "fields", "past"]) {
    around.store.set(key, null);
    around.store.changed(key, null);
  }
  token.value = conversation.value = place.value = null;
  log.value = [];
  readMark.value = noticeAccepted.value = 0;
  older.value = false;
  change({ ...box.value, pending: [], held: [], failed: [] });
}

/** The site's customer signed in or out: the server must hear it in a new greeting. */
export function identified(identity: Identity | null) {
  if (JSON.stringify(identity) === JSON.stringify(around.identity)) return;
  isFor(identity);
  connection.again();
}

export function speak(to: Lang) {
  chosenLang = to;
  lang.value = to;
  around.store.set("lang", to);
}

export function setSound(on: boolean) {
  soundOn.value = on;
  around.store.set("sound", on ? "1" : null);
  if (on) chime();
}

export function show(on: boolean) {
  opened.value = on;
  if (!on) around.tell({ y: "close" });
}

let inviteTimer = 0;
/** Waits for the first rule that fits; runs again whenever the page or the state of things changes. */
function awaitInvitation() {
  clearTimeout(inviteTimer);
  const rules = config.value?.invitations;
  const since = pageSince.value;
  if (!rules?.length || opened.value || invitation.value || !isOver.value || isStarting.value) return;
  const { landing, referrer, campaign } = around.arrival;
  const now = Date.now();
  const found = inviting.next(rules, {
    url: around.page.url,
    source: [landing, referrer, campaign].join(" "),
    returning,
    staffed: staffed.value,
    dwelt: now - since,
    now,
    shownAt: (id) => Number(around.store.get(`inv:${id}`)) || 0,
  });
  if (!found) return;
  inviteTimer = window.setTimeout(() => {
    const { id, text, variant } = found.rule;
    const varied = !!variant && inviting.seesVariant(visitor);
    const said = varied ? variant : text;
    around.store.set(`inv:${id}`, String(Date.now()));
    invited({ t: "invite", invitation: id, variant: varied, text: said[lang.value] || said.zh || said.en });
  }, found.wait);
}

function invited(frame: Invite) {
  // Whoever reads already needs no invitation.
  if (opened.value && conversation.value) return;
  invitation.value = frame;
  around.tell({ y: "invite", text: frame.text, who: frame.persona?.name ?? "" });
  visitorAct({ do: "invitation_shown", invitation: frame.invitation ?? null, variant: frame.variant, page: mayFollow() ? around.page.url : "" });
}

export function answerInvitation(accepted: boolean) {
  const now = invitation.value;
  if (!now) return;
  if (!accepted) invitation.value = null;
  visitorAct({ do: "invitation_answered", invitation: now.invitation ?? null, accepted });
}
