import type { Actor, AuditRow, Event, RecordKind } from "@yingda/wire";
import { nameOf } from "../../floor/names";
import { t } from "../../i18n";

/** Who did it, in words. */
export function actorName(by: Actor): string {
  switch (by.type) {
    case "user":
      return nameOf("user", by.id);
    case "visitor":
      return t("shell.visitor", { number: by.id.slice(-4) });
    case "api":
      return t("audit.api");
    case "rule":
      return t("audit.byRule");
    case "bot":
      return t("desk.bot");
    default:
      return t("desk.system");
  }
}

export interface On {
  kind: "conversation" | "user" | "visitor" | "customer" | "record" | "ticket" | "site";
  id: string;
}

/** What the event is about. */
export function subject(row: Pick<AuditRow, "event">): On {
  const { on } = row.event as Partial<Event>;
  if (typeof on !== "object") return { kind: "site", id: "" };
  const [kind, id] = Object.entries(on)[0] ?? ["site", ""];
  return { kind: kind as On["kind"], id: String(id) };
}

/** As the filter takes it: `conversation:1`, or `site` alone; `null` for anything else. */
export function readOn(text: string): string | null {
  const plain = text.trim().replace("：", ":");
  return /^(site|(conversation|user|visitor|customer|record|ticket):\d+)$/.test(plain) ? plain : null;
}

export function subjectName(on: On): string {
  const word = t(`audit.subject.${on.kind}`);
  if (on.kind === "user") return nameOf("user", on.id);
  return on.id ? `${word} ${on.id.slice(-6)}` : word;
}

/** The one thing that tells an event from others of its kind. */
export function gist(row: AuditRow): string {
  const event = row.event as Event;
  switch (event.kind) {
    case "record_changed":
      return [t(`admin.one.${event.record}`), event.name, event.deleted ? t("audit.wasDeleted") : event.version === 1 ? t("audit.wasMade") : ""].filter(Boolean).join(" ");
    case "assigned":
      return nameOf("user", event.agent);
    case "queued":
    case "queue_left":
      return nameOf("queue", event.queue);
    case "agent_state_changed":
      return `${nameOf("user", event.agent)} ${t(`audit.state.${event.state}`)}`;
    case "tagged":
    case "untagged":
      return nameOf("tag", event.tag);
    case "sign_in_failed":
      return event.login;
    case "entry_changed":
    case "entry_told":
      return `${t(`registers.book.${event.book}`)} ${event.serial}`;
    case "lead_told":
      return event.name;
    case "ticket_opened":
    case "ticket_told":
      return `${event.serial} ${event.title}`;
    case "ticket_assigned":
      return nameOf("user", event.owner) || nameOf("team", event.team);
    case "exported":
      return t("audit.rows", { what: t(`audit.exports.${event.what}`), count: event.rows });
    case "plan_made":
    case "plan_cancelled":
    case "api_key_changed":
      return event.name;
    case "secret_changed":
      return nameOf("user", event.user);
    case "refused":
      return event.refusal;
    case "site_started":
      return event.version;
    case "rated":
      return t("desk.pane.stars", { score: event.score });
    default:
      return "";
  }
}

/** Where a record that changed is edited. */
export function editedAt(row: AuditRow): string | null {
  const event = row.event as Event;
  if (event.kind !== "record_changed" || event.deleted) return null;
  const kind: RecordKind = event.record;
  return kind === "settings" ? "/admin/settings" : `/admin/${kind}/${event.id}`;
}
