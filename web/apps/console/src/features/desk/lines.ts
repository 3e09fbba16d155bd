import type { Actor, Event, EventOf, Place } from "@yingda/wire";
import { nameOf } from "../../floor/names";
import { said, t } from "../../i18n";
import { told } from "../../parts/why";
import { me } from "../../session";
import { clock, dateTime } from "../../when";

/** The name of who did it. */
export function who(by: Actor): string {
  switch (by.type) {
    case "user":
      return by.id === me.value?.id ? t("desk.me") : nameOf("user", by.id);
    case "visitor":
      return t("desk.customer");
    case "bot":
      return t("desk.bot");
    case "api":
      return t("desk.program");
    case "rule":
      return t("audit.byRule");
    case "system":
      return t("desk.system");
  }
}

const user = (id: string): string => who({ type: "user", id });

const place = (to: Place | null | undefined): string => {
  if (!to) return "";
  return "queue" in to ? nameOf("queue", to.queue) : user(to.agent);
};

/** Minutes and seconds, as on a telephone. */
const span = (ms: number): string => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1_000) % 60).padStart(2, "0")}`;

/** A system event as one quiet sentence. */
export function line(event: Event): string {
  const by = who(event.by);
  switch (event.kind) {
    case "conversation_started":
      return event.source?.page_title || event.source?.page
        ? t("desk.line.startedOn", { page: event.source.page_title || event.source.page })
        : t("desk.line.started");
    case "queued":
      return t(`desk.line.queued.${event.reason}`, { queue: nameOf("queue", event.queue) });
    case "queue_left":
      return t(`desk.line.left.${event.exit === "message" ? "message" : "abandoned"}`, { queue: nameOf("queue", event.queue) });
    case "offer_ended":
      return t(`desk.line.offer.${event.end === "declined" ? "declined" : "timed_out"}`, { agent: user(event.agent) });
    case "assigned":
      return t(event.by.type === "user" && event.by.id !== event.agent ? "desk.line.assignedBy" : "desk.line.assigned", { agent: user(event.agent), by });
    case "segment_ended":
      return t(`desk.line.segment.${event.reason}`, { agent: user(event.agent), to: place(event.next), by });
    case "guest_joined":
      return t("desk.line.joined", { agent: user(event.agent), by: user(event.invited_by) });
    case "guest_left":
      return t("desk.line.guestLeft", { agent: user(event.agent) });
    case "idle_warned":
      return t("desk.line.idleWarned", { text: event.text });
    case "conversation_closed":
      return t(`desk.line.closed.${event.reason}`, { by });
    case "conversation_reopened":
      return t("desk.line.reopened");
    case "rating_asked":
      return t("desk.line.ratingAsked");
    case "rated":
      return t(event.comment ? "desk.line.ratedWith" : "desk.line.rated", { score: event.score, comment: event.comment });
    case "tagged":
      return t("desk.line.tagged", { by, tag: nameOf("tag", event.tag) });
    case "untagged":
      return t("desk.line.untagged", { by, tag: nameOf("tag", event.tag) });
    case "flagged":
      return t(event.text ? "desk.line.flagged" : "desk.line.flaggedPlain", { by, colour: t(`desk.colour.${event.colour}`), text: event.text });
    case "unflagged":
      return t("desk.line.unflagged", { by });
    case "follow_up_set":
      if (!event.due_at) return t("desk.line.followUpDone", { by });
      return t(event.text ? "desk.line.followUp" : "desk.line.followUpPlain", { by, at: dateTime(event.due_at), text: event.text });
    case "follow_up_due":
      return t(event.text ? "desk.line.followUpDueWith" : "desk.line.followUpDue", { agent: nameOf("user", event.agent), text: event.text });
    case "customer_linked":
      return t("desk.line.linked", { by });
    case "code_sent":
      return t("desk.line.codeSent", { by, label: event.label });
    case "code_refused":
      return t(`desk.line.codeRefused.${event.why}`, { by });
    case "identity_proven":
      return t("desk.line.proven", { by, label: event.label, at: clock(event.until_at) });
    case "record_saved":
      return t(event.complete ? "desk.line.recordComplete" : "desk.line.recordSaved", { agent: user(event.agent) });
    case "message_delivered":
      return t("desk.line.platformUntold", { reason: told(event.reason ?? "") });
    case "call_started":
      return t("phone.line.started", { number: event.number });
    case "call_answered":
      return t("phone.line.answered", { agent: user(event.agent) });
    case "call_missed":
      return t(`phone.line.missed.${event.why}`, { agent: user(event.agent) });
    case "call_held":
      return t(event.is_on ? "phone.line.held" : "phone.line.resumed");
    case "call_ended":
      return t(`phone.line.ended.${event.ended_by}`, { span: span(event.talk_ms) });
    case "call_recorded":
      return t("phone.line.recorded", { span: span(event.ms) });
    case "flow_entered":
      return t("phone.line.flow", { name: nameOf("flow", event.flow), version: event.version });
    case "flow_collected":
      return t("phone.line.collected", { label: said(event.label) || event.key, value: event.value });
    case "flow_left":
      return left(event) + (event.resolved ? t("phone.line.resolved") : "");
    case "marked_spam":
      return t("desk.line.spam", { by });
    default:
      return event.kind;
  }
}

function left(event: EventOf<"flow_left">): string {
  if (typeof event.end === "string") return t(`phone.line.left.${event.end}`);
  if ("queue" in event.end) return t("phone.line.left.queue", { name: nameOf("queue", event.end.queue) });
  return t("phone.line.left.agent", { name: nameOf("user", event.end.agent) });
}
