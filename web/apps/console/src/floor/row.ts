import type { Conversation, ConversationRow } from "@yingda/wire";

/** A conversation that is over, as far as its row tells: enough to read it. */
export function fromRow(row: ConversationRow): Conversation {
  return {
    id: row.id,
    visitor: row.visitor,
    customer: row.customer ?? null,
    medium: row.medium,
    line: row.line,
    lang: "zh",
    vip: row.vip,
    phase: row.phase,
    started_at: row.started_at,
    queue: row.queue ?? null,
    priority: 0,
    queued_at: row.started_at,
    since_at: row.started_at,
    agent: row.agent ?? null,
    segment: 0,
    closed_at: row.closed_at ?? null,
    last_at: row.last_at,
    last_seq: 0,
    spoke_at: row.last_at,
    warned: false,
    read_by_visitor: 0,
    read_by_staff: Number.MAX_SAFE_INTEGER,
    unread: 0,
    preview: row.preview,
    tags: row.tags,
    flag: row.flag ? { colour: row.flag, text: "", by: "", at: row.last_at } : null,
    follow_up_at: row.follow_up_at ?? null,
    rating: row.rating ?? null,
    record_due: null,
    record_done: !row.record_due,
  };
}
