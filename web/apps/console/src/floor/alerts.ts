import { isWaiting, type DeskState } from "@yingda/sync";
import type { ConversationRow, Event, Page, Pledge } from "@yingda/wire";
import { shallowRef } from "vue";
import { api } from "../api";
import { t } from "../i18n";
import { preferences } from "../preferences";
import { personOf } from "./people";
import { promisePlace } from "./places";
import { may } from "../session";
import { dateTime } from "../when";
import { listen, loadConversation } from "./store";

export interface Notice {
  id: number;
  at: number;
  text: string;
  to: string;
}
/** What happened while the person looked elsewhere, latest first. */
export const notices = shallowRef<readonly Notice[]>([]);
export const clearNotices = (): void => void (notices.value = []);

/** What is being looked at is no news any more. */
export function seen(path: string): void {
  if (notices.value.some((it) => it.to === path)) notices.value = notices.value.filter((it) => it.to !== path);
}

let sound: AudioContext | null = null;

/** Browsers keep silent until a person touched the page: the first click or key opens the sound. */
export function unlock(): void {
  sound ??= new AudioContext();
  void sound.resume();
  if (preferences.notifications && "Notification" in window && Notification.permission === "default") {
    void Notification.requestPermission();
  }
}

const TONES = { assigned: [660, 880], offered: [880, 660, 880], message: [740], promise: [740, 740], late: [880, 660, 880, 660] } as const;
type Tone = keyof typeof TONES;

export function play(tone: Tone): void {
  if (!preferences.sounds || sound?.state !== "running") return;
  const volume = (preferences.volume / 100) * 0.25;
  TONES[tone].forEach((pitch, place) => {
    const begin = (sound?.currentTime ?? 0) + place * 0.14;
    const wave = new OscillatorNode(sound as AudioContext, { frequency: pitch, type: "sine" });
    const loud = new GainNode(sound as AudioContext, { gain: 0 });
    loud.gain.linearRampToValueAtTime(volume, begin + 0.015);
    loud.gain.exponentialRampToValueAtTime(0.0001, begin + 0.22);
    wave.connect(loud).connect((sound as AudioContext).destination);
    wave.start(begin);
    wave.stop(begin + 0.24);
  });
}

const away = (): boolean => document.visibilityState !== "visible" || !document.hasFocus();

const onDesk = (conversation: string): string => `/desk/${conversation}`;
const inList = (conversation: string): string => `/conversations/${conversation}`;

function note(at: number, text: string, to: string): void {
  notices.value = [{ id: Date.now() + Math.random(), at, text, to }, ...notices.value].slice(0, 50);
}

function tell(tone: Tone, text: string, body: string, conversation: string, open: (path: string) => void, to = onDesk(conversation)): void {
  const looks = !away() && location.pathname.endsWith(to);
  if (looks && tone === "message") return;
  play(tone);
  if (!looks) note(Date.now(), text, to);
  if (!away() || !preferences.notifications || !("Notification" in window) || Notification.permission !== "granted") return;
  // One bubble for each conversation: the latest replaces the one before.
  const bubble = new Notification(text, { body, tag: conversation, icon: "/console/icon.svg" });
  bubble.onclick = () => {
    window.focus();
    open(to);
    bubble.close();
  };
}

const followUp = (person: string): string => t("shell.alert.followUp", { person });

/** What fell due while nobody was here stands among the notices; it makes no sound any more. */
async function recallFollowUps(): Promise<void> {
  if (!may("conversation_read")) return;
  const due = await api.get<Page<ConversationRow>>("/conversations", { query: { follow_up: "due", agent: "me", limit: 20 } });
  for (const row of due.items) note(row.follow_up_at ?? row.last_at, followUp(row.customer_name || row.preview), inList(row.id));
}

const promiseWords = (isLate: boolean, text: string): string => t(`promises.told.${isLate ? "late" : "soon"}`, { text });

/** What ran out while nobody was here stands among the notices as well. */
async function recallPromises(): Promise<void> {
  if (!may("conversation_serve") && !may("ticket_read")) return;
  const open = await api.get<Page<Pledge>>("/promises", { query: { owner: "me", limit: 20 } });
  for (const it of open.items) if (it.late) note(it.due_at, promiseWords(true, it.text), promisePlace(it));
}

/** Sounds and notices for what concerns this person. */
export async function alertFor(event: Event, state: DeskState, open: (path: string) => void): Promise<void> {
  const me = state.me.id;
  if (event.kind === "entry_told") {
    const path = `/registers/${event.book}/${event.entry}`;
    return tell("message", t(`registers.told.${event.book}`, { text: event.text }), event.serial, event.entry, open, path);
  }
  if (event.kind === "ticket_told") {
    const path = `/tickets/${event.ticket}`;
    return tell("message", t(`tickets.told.${event.what}`, { title: event.title }), event.serial, event.ticket, open, path);
  }
  if (event.kind === "lead_told") {
    return tell("message", t(`customers.lead.told.${event.what}`, { name: event.name || t("customers.lead.nameless") }), t("customers.lead.alert"), event.lead, open, `/customers?view=left&lead=${event.lead}`);
  }
  if (event.kind === "rule_told") {
    const path = event.ticket ? `/tickets/${event.ticket}` : event.conversation ? inList(event.conversation) : "/";
    return tell("message", event.text, t("shell.alert.rule"), `rule/${event.seq}`, open, path);
  }
  if (event.kind === "promise_told") {
    const tone = event.late ? "late" : "promise";
    return tell(tone, promiseWords(event.late, event.text), dateTime(event.due_at), event.promise, open, promisePlace(event));
  }
  if (typeof event.on !== "object" || !("conversation" in event.on)) return;
  const id = event.on.conversation;
  const isNew = (event.kind === "assigned" || event.kind === "offered" || event.kind === "guest_joined") && event.agent === me;
  // What came to this person a moment ago is still being read: the notice waits until it can say who and what.
  const it = state.conversations.get(id) ?? (isNew ? await loadConversation(id).catch(() => undefined) : undefined);
  const person = it ? personOf(it) : "";
  const mine = it !== undefined && !isWaiting(it) && (it.agent === me || (it.guests ?? []).includes(me));
  if (event.kind === "assigned" && event.agent === me) tell("assigned", t("shell.alert.assigned", { person }), it?.preview ?? "", id, open);
  else if (event.kind === "offered" && event.agent === me) tell("offered", t("shell.alert.offered", { person }), it?.preview ?? "", id, open);
  else if (event.kind === "guest_joined" && event.agent === me) tell("assigned", t("shell.alert.invited", { person }), it?.preview ?? "", id, open);
  else if (event.kind === "note_posted" && (event.mentions ?? []).includes(me)) tell("message", t("shell.alert.mentioned", { person }), event.text, id, open);
  else if (event.kind === "follow_up_due" && event.agent === me) tell("message", followUp(person || event.text), event.text, id, open, mine ? onDesk(id) : inList(id));
  else if (event.kind === "message_posted" && event.by.type === "visitor" && mine) tell("message", person, it?.preview ?? "", id, open);
}

export function startAlerts(open: (path: string) => void): () => void {
  const once = { once: true, capture: true };
  addEventListener("pointerdown", unlock, once);
  addEventListener("keydown", unlock, once);
  // Without them the list of follow-ups still shows what is due.
  void recallFollowUps().catch(() => undefined);
  void recallPromises().catch(() => undefined);
  return listen("event", (event, state) => void alertFor(event, state, open));
}
