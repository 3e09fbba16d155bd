// Conversations and agents as they are now.
import type {
  At, Colour, ConversationId, CustomerId, FileId, FormId, Lang, LineId, Medium, QueueId, SkillId, Tab, TagId, UserId,
  VisitorId, WidgetId,
} from "./ids";

export type Phase = "bot" | "waiting" | "offered" | "active" | "wrap_up" | "closed";
export type AgentState = "offline" | "ready" | "not_ready";

export type Content =
  | { type: "text"; text: string }
  | { type: "file"; file: FileId; name: string; mime: string; size: number };

export type Place = { queue: QueueId } | { agent: UserId };

export interface Source {
  page?: string;
  page_title?: string;
  landing?: string;
  referrer?: string;
  campaign?: string;
}

export interface Need {
  skill: SkillId;
  level: number;
  relax: { after_s: number; level: number }[];
}

export interface Flag {
  colour: Colour;
  text: string;
  by: UserId;
  at: At;
}

export interface Offer {
  agent: UserId;
  made_at: At;
  until_at: At;
}

export interface Conversation {
  id: ConversationId;
  visitor: VisitorId;
  customer?: CustomerId | null;
  medium: Medium;
  line: LineId;
  widget?: WidgetId | null;
  lang: Lang;
  vip: boolean;
  phase: Phase;
  started_at: At;
  queue?: QueueId | null;
  priority: number;
  needs?: Need[];
  own_needs?: Need[];
  queued_at: At;
  since_at: At;
  prefer?: { agent: UserId; until_at: At } | null;
  offer?: Offer | null;
  refused_by?: UserId[];
  agent?: UserId | null;
  last_agent?: UserId | null;
  guests?: UserId[];
  segment: number;
  assigned_at?: At | null;
  first_reply_at?: At | null;
  wrap_until_at?: At | null;
  closed_at?: At | null;
  last_at: At;
  last_seq: number;
  spoke_at: At;
  unanswered_since_at?: At | null;
  warned: boolean;
  read_by_visitor: number;
  read_by_staff: number;
  unread: number;
  preview: string;
  tags?: TagId[];
  flag?: Flag | null;
  follow_up_at?: At | null;
  rating?: number | null;
  record_due?: FormId | null;
  record_done: boolean;
  merged_into?: ConversationId | null;
  started_by?: { tab: Tab; n: number } | null;
  senders?: { tab: Tab; n: number; at: At }[];
}

export interface Agent {
  id: UserId;
  state: AgentState;
  reason: string;
  since_at: At;
  pending?: { state: AgentState; reason: string } | null;
  media_off: Medium[];
  no_new: boolean;
  gone_at?: At | null;
  idle_since_at: At;
  holds: ConversationId[];
}

export interface QueueNow {
  queue: QueueId;
  waiting: number;
  longest_since_at?: At | null;
  active: number;
  ready: number;
  wait_s?: number | null;
  entered: number;
  answered: number;
  answered_in_time: number;
  abandoned: number;
  abandoned_in_time: number;
}
