// The log as the screen draws it: days, quiet lines, and messages in groups. Pure.

import type { Content, Event, Persona } from "../../wire";
import type { Words } from "../words";
import { isOwn, isSaid, type Story } from "./log";
import { contentOf, type Unsent } from "./outbox";

export type Delivery = "sending" | "sent" | "read" | "failed";

export type Said = {
  row: "said";
  key: string;
  own: boolean;
  /** Who speaks, for the other side. */
  who: Persona;
  mark: "" | "bot" | "auto";
  content: Content;
  at: number;
  /** Begins a group: the same speaker within the same minute. */
  first: boolean;
  last: boolean;
  delivery: Delivery | null;
  /** Of an unsent message: its name in the outbox, and why it failed. */
  unsent: Unsent | null;
};
export type Row = { row: "day"; key: string; at: number } | { row: "line"; key: string; at: number; text: string } | Said;

const MINUTE = 60_000;

function line(event: Event, words: Words, told: Story): string | null {
  const named = (template: string, agent: string) => template.replace("@", told.personas[agent]?.name || words.agent);
  switch (event.kind) {
    case "assigned":
      return named(words.serving, event.agent);
    case "queued":
      return event.reason === "transfer" || event.reason === "overflow" ? words.transferred : null;
    case "guest_joined":
      return named(words.joined, event.agent);
    case "guest_left":
      return named(words.left, event.agent);
    case "idle_warned":
      return event.text || null;
    case "conversation_closed":
      return event.reason === "idle" ? words.endedIdle : words.ended;
    case "conversation_reopened":
      return words.reopened;
    case "identity_proven":
      return words.proven;
    case "rated":
      return words.youRated.replace("@", "★".repeat(event.score) + "☆".repeat(Math.max(0, 5 - event.score)));
    default:
      return null;
  }
}

export function rows(log: Event[], unsent: Unsent[], told: Story, words: Words): Row[] {
  const drawn: Row[] = [];
  let day = "";
  const add = (row: Row) => {
    const date = new Date(row.at).toDateString();
    if (date !== day) drawn.push({ row: "day", key: `day${row.at}`, at: row.at });
    day = date;
    drawn.push(row);
  };
  for (const event of log) {
    const { seq, at, by } = event;
    if (event.kind === "message_posted" && told.recalled.has(seq)) {
      add({ row: "line", key: `e${seq}`, at, text: words.recalled });
    } else if (isSaid(event)) {
      const own = isOwn(by);
      const bot = by.type === "bot" || event.author === "bot";
      const auto = !bot && (by.type === "system" || event.author === "automatic");
      const persona = by.type === "user" ? told.personas[by.id] : undefined;
      add({
        row: "said",
        key: `e${seq}`,
        own,
        who: persona ?? { name: bot ? words.bot : auto ? words.auto : words.agent },
        mark: bot ? "bot" : auto ? "auto" : "",
        content: contentOf(event),
        at,
        first: true,
        last: true,
        delivery: own ? (seq <= told.readByStaff ? "read" : "sent") : null,
        unsent: null,
      });
    } else {
      const text = line(event, words, told);
      if (text) add({ row: "line", key: `e${seq}`, at, text });
    }
  }
  for (const one of unsent)
    add({
      row: "said",
      key: `u${one.key}`,
      own: true,
      who: { name: words.you },
      mark: "",
      content: one.content,
      at: one.at,
      first: true,
      last: true,
      delivery: one.state,
      unsent: one,
    });
  return grouped(drawn);
}

/** Neighbours of one speaker within a minute are one group; only the last own message tells its delivery. */
function grouped(drawn: Row[]): Row[] {
  let lastOwn: Said | null = null;
  drawn.forEach((row, at) => {
    if (row.row !== "said") return;
    const before = drawn[at - 1];
    if (
      before?.row === "said" &&
      before.own === row.own &&
      before.who.name === row.who.name &&
      Math.floor(before.at / MINUTE) === Math.floor(row.at / MINUTE)
    ) {
      row.first = false;
      before.last = false;
    }
    if (!row.own) return;
    if (lastOwn && lastOwn.delivery !== "failed") lastOwn.delivery = lastOwn.delivery === row.delivery ? null : lastOwn.delivery;
    lastOwn = row;
  });
  return drawn;
}
