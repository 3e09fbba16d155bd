// The visitor's events, and what they add up to. Pure.

import type { Actor, Event, Persona, Phase } from "../../wire";

/** Adds events by position: doubles fall out, late ones take their place. */
export function merge(log: Event[], more: Event[]): Event[] {
  const last = log[log.length - 1]?.seq ?? 0;
  if (more.every((event, at) => event.seq > (more[at - 1]?.seq ?? last))) return more.length ? [...log, ...more] : log;
  const known = new Map(log.map((event) => [event.seq, event]));
  for (const event of more) known.set(event.seq, event);
  return [...known.values()].sort((a, b) => a.seq - b.seq);
}

export type Story = {
  phase: Phase | null;
  personas: Record<string, Persona>;
  /** Who answers now. */
  agent: Persona | null;
  readByStaff: number;
  readByVisitor: number;
  recalled: Set<number>;
  rating: number | null;
  ratingAsked: boolean;
  /** A code left for this contact point and can be said back. */
  codeSent: { point: string; label: string } | null;
  lastSeq: number;
};

export const isOwn = (by: Actor) => by.type === "visitor";

/** Reads the log through. What belongs to a conversation counts for `conversation` only. */
export function story(log: Event[], conversation: string | null): Story {
  const told: Story = {
    phase: null,
    personas: {},
    agent: null,
    readByStaff: 0,
    readByVisitor: 0,
    recalled: new Set(),
    rating: null,
    ratingAsked: false,
    codeSent: null,
    lastSeq: log[log.length - 1]?.seq ?? 0,
  };
  for (const event of log) {
    const here = event.on.conversation === conversation;
    switch (event.kind) {
      case "conversation_started":
        if (here) told.phase = "waiting";
        break;
      case "queued":
        if (here) {
          told.phase = "waiting";
          told.agent = null;
        }
        break;
      case "assigned":
        told.personas[event.agent] = event.persona;
        if (here) {
          told.phase = "active";
          told.agent = event.persona;
        }
        break;
      case "guest_joined":
        told.personas[event.agent] = event.persona;
        break;
      case "conversation_closed":
        if (here) told.phase = "closed";
        break;
      case "conversation_reopened":
        if (here) told.phase = "waiting";
        break;
      case "message_recalled":
        told.recalled.add(event.message);
        break;
      case "read":
        if (isOwn(event.by)) told.readByVisitor = Math.max(told.readByVisitor, event.up_to);
        else told.readByStaff = Math.max(told.readByStaff, event.up_to);
        break;
      case "code_sent":
        if (here) told.codeSent = { point: event.point, label: event.label };
        break;
      case "code_refused":
        if (here && !event.left) told.codeSent = null;
        break;
      case "identity_proven":
        if (here) told.codeSent = null;
        break;
      case "rating_asked":
        if (here) told.ratingAsked = true;
        break;
      case "rated":
        if (here) {
          told.rating = event.score;
          told.ratingAsked = false;
        }
        break;
    }
  }
  return told;
}

/** Messages from the other side above a position. */
export const unreadAfter = (log: Event[], position: number) =>
  log.filter((event) => isSaid(event) && event.seq > position && !isOwn(event.by)).length;

/** A message that can be drawn here. A newer server may send others, and a mail belongs to no window. */
export const isSaid = (event: Event): event is Event & { kind: "message_posted" } =>
  event.kind === "message_posted" && (event.type === "text" || event.type === "file");
