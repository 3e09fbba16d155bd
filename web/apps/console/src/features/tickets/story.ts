import type { AuditRow, Event, TicketType } from "@yingda/wire";
import { nameOf } from "../../floor/names";
import { said, t } from "../../i18n";
import { dateTime } from "../../when";
import { stateName } from "./kinds";

/** A thing that happened to a ticket, as people would tell it. */
export interface Told {
  what: string;
  /** Words that somebody wrote. */
  text: string;
  files: readonly string[];
  /** What stands out: words for the customer, and what went late. */
  mark: "plain" | "note" | "customer" | "late";
}

const OWN = ["title", "severity", "customer", "received_at"];

export function tell(row: AuditRow, kind: TicketType): Told {
  const event = row.event as Event;
  const way = (key: string) => said(kind.moves.find((it) => it.key === key)?.name) || key;
  const item = (key: string) => said(kind.checklist.find((it) => it.key === key)?.name) || key;
  const field = (key: string) => (OWN.includes(key) ? t(`tickets.story.field.${key}`) : said(kind.fields.find((it) => it.key === key)?.label) || key);
  const plain = (what: string, text = "", mark: Told["mark"] = "plain"): Told => ({ what, text, files: [], mark });
  switch (event.kind) {
    case "ticket_opened":
      return plain(t("tickets.story.ticket_opened", { severity: t(`tickets.severityIs.${event.severity}`) }));
    case "ticket_edited":
      return plain(t("tickets.story.ticket_edited", { fields: event.fields.map(field).join(t("admin.comma")) }));
    case "ticket_moved": {
      const moved = t("tickets.story.ticket_moved", { way: way(event.way), before: stateName(kind, event.before), after: stateName(kind, event.after) });
      return plain(event.forced ? `${moved} ${t("tickets.story.forced")}` : moved, event.reason);
    }
    case "ticket_approval_asked":
      return plain(t("tickets.story.ticket_approval_asked", { way: way(event.way) }), event.reason);
    case "ticket_approval_answered":
      return plain(t(`tickets.story.${event.yes ? "approved" : "refused"}`, { way: way(event.way) }), event.reason);
    case "ticket_assigned": {
      const who = [nameOf("team", event.team), nameOf("user", event.owner)].filter(Boolean).join(" · ");
      return plain(who ? t("tickets.story.assigned", { who }) : t("tickets.story.released"));
    }
    case "ticket_noted":
      return { what: t(event.told ? "tickets.story.noteTold" : "tickets.story.ticket_noted"), text: event.text, files: event.files ?? [], mark: event.told ? "customer" : "note" };
    case "ticket_attempted":
      return plain(t("tickets.story.ticket_attempted"), event.text);
    case "ticket_checked":
      return plain(t(`tickets.story.${event.done ? "checked" : "unchecked"}`, { item: item(event.item) }));
    case "ticket_watched":
      return plain(t(`tickets.story.${event.is_on ? "watches" : "unwatches"}`, { who: nameOf("user", event.user) }));
    case "ticket_urged":
      return plain(t("tickets.story.ticket_urged"), event.text, "late");
    case "ticket_linked":
      return plain(t(`tickets.story.${event.is_on ? "linked" : "unlinked"}`));
    case "ticket_merged":
      return plain(t(`tickets.story.${!event.is_on ? "unmerged" : typeof event.on === "object" && "ticket" in event.on && event.on.ticket === event.into ? "absorbed" : "merged"}`));
    case "ticket_migrated":
      return plain(t("tickets.story.migrated", { before: event.before_kind, after: event.after_kind, state: stateName(kind, event.after) }));
    case "ticket_date_near": {
      const field = said(kind.fields.find((it) => it.key === event.field)?.label) || event.field;
      return plain(t(event.days < 0 ? "tickets.story.datePast" : "tickets.story.dateNear", { field, days: Math.abs(event.days) }));
    }
    case "ticket_clock_rang": {
      const clock = said(kind.clocks.find((it) => it.key === event.clock)?.name) || event.clock;
      const who = event.told.map((id) => nameOf("user", id)).join(t("admin.comma"));
      const rang = t(`tickets.story.${event.late ? "rangLate" : who ? "rang" : "rangNobody"}`, { clock, percent: event.percent, who });
      return plain(rang, "", event.late ? "late" : "plain");
    }
    case "survey_sent":
      return plain(t("surveys.story.sent"), nameOf("survey", event.survey));
    case "survey_answered":
      return plain(t("surveys.story.answered"), typeof event.csat === "number" ? t("surveys.story.score", { score: event.csat }) : "");
    case "promise_made":
      return plain(t("promises.story.made", { who: nameOf("user", event.owner), at: dateTime(event.due_at) }), event.text);
    case "promise_moved":
      return plain(t("promises.story.moved", { at: dateTime(event.due_at) }), event.reason);
    case "promise_kept":
      return plain(t(`promises.story.${event.in_time ? "kept" : "keptLate"}`), event.outcome);
    case "promise_dropped":
      return plain(t("promises.story.dropped"), event.reason);
    case "promise_given":
      return plain(t("promises.story.given", { who: nameOf("user", event.owner) }));
    case "promise_rang":
      return plain(t(`promises.story.${event.late ? "rangLate" : "rang"}`), "", event.late ? "late" : "plain");
    default:
      return plain(t(`audit.kinds.${row.kind}`));
  }
}
