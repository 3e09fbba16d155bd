import type { Content, Conversation, ConversationId, Event } from "@yingda/wire";

/** What an event makes of a conversation; `undefined` when it is not known and does not begin here. */
export function changed(
  before: Conversation | undefined,
  event: Event,
  id: ConversationId,
): Conversation | undefined {
  const known = before ?? (event.kind === "conversation_started" ? begun(id, event) : undefined);
  if (!known) return undefined;
  return { ...known, ...change(known, event), last_seq: Math.max(known.last_seq, event.seq) };
}

type Started = Extract<Event, { kind: "conversation_started" }>;

function begun(id: ConversationId, event: Started): Conversation {
  return {
    id,
    visitor: event.visitor,
    customer: event.customer ?? null,
    medium: event.medium,
    line: event.line,
    widget: event.widget ?? null,
    channel: event.channel ?? null,
    lang: event.lang,
    vip: event.vip ?? false,
    phase: "bot",
    started_at: event.at,
    started_by: event.from ?? null,
    queue: null,
    priority: 0,
    needs: [],
    own_needs: [],
    queued_at: 0,
    since_at: 0,
    prefer: null,
    offer: null,
    refused_by: [],
    agent: null,
    last_agent: null,
    guests: [],
    segment: 0,
    assigned_at: null,
    first_reply_at: null,
    wrap_until_at: null,
    closed_at: null,
    last_at: event.at,
    last_seq: event.seq,
    spoke_at: event.at,
    unanswered_since_at: null,
    warned: false,
    read_by_visitor: 0,
    read_by_staff: 0,
    unread: 0,
    preview: "",
    preview_of: 0,
    tags: [],
    flag: null,
    follow_up_at: null,
    follow_up: null,
    rating: null,
    record_due: null,
    record_done: false,
    merged_into: null,
    reserved_until_at: null,
    proven_until_at: null,
    senders: [],
    collected: [],
  };
}

function change(known: Conversation, event: Event): Partial<Conversation> {
  switch (event.kind) {
    case "queued":
      return {
        phase: "waiting",
        queue: event.queue,
        priority: event.priority,
        queued_at: event.at,
        since_at: event.since_at,
        agent: null,
        offer: null,
        ...(event.preview ? { preview: event.preview } : {}),
        ...(event.reason === "unanswered" ? {} : { refused_by: [] }),
      };
    case "offered":
      return { phase: "offered", offer: { agent: event.agent, made_at: event.at, until_at: event.until_at } };
    case "offer_ended": {
      const refused = event.end !== "accepted" && event.end !== "withdrawn";
      return {
        offer: null,
        phase: known.phase === "offered" ? "waiting" : known.phase,
        ...(refused ? { refused_by: [...(known.refused_by ?? []), event.agent] } : {}),
      };
    }
    case "assigned":
      return {
        phase: "active",
        agent: event.agent,
        segment: event.segment,
        assigned_at: event.at,
        first_reply_at: null,
        offer: null,
        prefer: null,
        refused_by: [],
        wrap_until_at: null,
        warned: false,
        queue: event.queue ?? known.queue,
        guests: (known.guests ?? []).filter((it) => it !== event.agent),
      };
    case "segment_ended":
      if (event.reason === "closed") return {};
      return { agent: null, unanswered_since_at: known.unanswered_since_at ?? event.at };
    case "guest_joined":
      return { guests: [...(known.guests ?? []).filter((it) => it !== event.agent), event.agent] };
    case "guest_left":
      return { guests: (known.guests ?? []).filter((it) => it !== event.agent) };
    case "wrap_up_started":
      return { phase: "wrap_up", agent: event.agent, wrap_until_at: event.until_at };
    case "wrap_up_ended":
      // When the customer wrote, it is reopened and assigned again by the events that follow.
      return { phase: "closed", wrap_until_at: null, agent: null };
    case "conversation_closed":
      // A wrap-up that is due begins with the next event, and gives it back to its agent.
      return {
        phase: "closed",
        agent: null,
        last_agent: event.agent ?? known.last_agent ?? null,
        closed_at: event.at,
        unanswered_since_at: null,
      };
    case "conversation_reopened":
      return { phase: "bot", agent: null, closed_at: null, warned: false };
    case "message_posted":
      return said(known, event);
    case "message_delivered":
      // How far a message went is told beside the message; the conversation stays as it is.
      return {};
    case "message_recalled":
      return known.preview_of === event.message ? { preview: "" } : {};
    case "read":
      return event.by.type === "visitor"
        ? { read_by_visitor: Math.max(known.read_by_visitor, event.up_to) }
        : { read_by_staff: Math.max(known.read_by_staff, event.up_to), unread: 0 };
    case "idle_warned":
      return { warned: true };
    case "rated":
      return { rating: event.score };
    case "tagged":
      return { tags: [...(known.tags ?? []).filter((it) => it !== event.tag), event.tag] };
    case "untagged":
      return { tags: (known.tags ?? []).filter((it) => it !== event.tag) };
    case "flagged":
      return {
        flag: {
          colour: event.colour,
          text: event.text,
          by: event.by.type === "user" ? event.by.id : "",
          at: event.at,
        },
      };
    case "unflagged":
      return { flag: null };
    case "follow_up_set":
      return { follow_up_at: event.due_at ?? null, follow_up: promise(event) };
    case "follow_up_due":
      return known.follow_up ? { follow_up: { ...known.follow_up, is_told: true } } : {};
    case "customer_linked":
      // What was proven is that one was another.
      return { customer: event.customer, ...(event.customer === known.customer ? {} : { proven_until_at: null }) };
    case "identity_proven":
      return { proven_until_at: event.until_at };
    case "record_due":
      return { record_due: event.form };
    case "record_saved":
      return { record_done: event.complete, record_due: event.complete ? null : (known.record_due ?? event.form) };
    case "flow_collected": {
      const { key, label, value } = event;
      return { collected: [...(known.collected ?? []).filter((it) => it.key !== key), { key, label, value }] };
    }
    case "flow_left":
      return { lang: event.lang };
    case "marked_spam":
      return { record_due: null };
    case "first_response":
      return { first_reply_at: event.at };
    default:
      return {};
  }
}

/** What was promised; a date that is taken back takes the promise with it. */
function promise(event: Extract<Event, { kind: "follow_up_set" }>): Conversation["follow_up"] {
  if (event.due_at == null) return null;
  return { by: event.by.type === "user" ? event.by.id : null, text: event.text, is_told: false };
}

function said(known: Conversation, event: Extract<Event, { kind: "message_posted" }>): Partial<Conversation> {
  // A greeting is not what the conversation is about: lists go on showing what the customer said.
  if (event.by.type === "user" && event.author === "automatic") return { last_at: event.at, spoke_at: event.at };
  const words = { preview: preview(event), preview_of: event.seq, last_at: event.at, spoke_at: event.at };
  if (event.by.type === "visitor") {
    return {
      ...words,
      warned: false,
      unread: known.unread + 1,
      unanswered_since_at: known.unanswered_since_at ?? event.at,
    };
  }
  if (event.by.type !== "user") return words;
  return { ...words, unread: 0, read_by_staff: event.seq, unanswered_since_at: null, first_reply_at: known.first_reply_at ?? event.at };
}

export function preview(content: Content): string {
  const beginning = (text: string) => [...text].slice(0, 80).join("");
  switch (content.type) {
    case "text":
      return beginning(content.text);
    case "file":
      return `📎 ${content.name}`;
    case "mail":
      return beginning(content.mail.subject || content.mail.text);
  }
}
