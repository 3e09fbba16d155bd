// Bodies under /api/v1.
import type {
  Actor, ApiKeyId, At, Colour, ConversationId, CustomerId, FileId, FormId, Lang, LineId, Medium, QueueId, RecordId, TagId,
  TeamId, Text, UserId, VisitorId, WebhookId, WidgetId,
} from "./ids";
import type { Agent, Conversation, Phase, QueueNow } from "./live";
import type { Audience, Event, Persona } from "./event";
import type { Action, Corner, Field, MaskedField, RecordKind, Scope, Settings, Strategy, Topic } from "./records";

export interface Page<T> {
  items: T[];
  next?: string | null;
}
export interface SignIn {
  login: string;
  password: string;
  code?: string | null;
}
export interface Name {
  kind: RecordKind;
  id: RecordId;
  name: Text;
  colour?: Colour | null;
}
export interface Me {
  id: UserId;
  login: string;
  name: string;
  staff_no: string;
  avatar?: FileId | null;
  team?: TeamId | null;
  may: Partial<Record<Action, Scope>>;
  masks: MaskedField[];
  queues: QueueId[];
  has_totp: boolean;
  preferences: unknown;
  names: Name[];
  settings: Settings;
}
export interface SetUp {
  token: string;
  company: string;
  login: string;
  name: string;
  password: string;
}
export interface ChangePassword {
  old: string;
  new: string;
}
export interface TotpSecret {
  uri: string;
  secret: string;
}
export interface ConversationRow {
  id: ConversationId;
  medium: Medium;
  line: LineId;
  phase: Phase;
  visitor: VisitorId;
  customer?: CustomerId | null;
  customer_name: string;
  queue?: QueueId | null;
  agent?: UserId | null;
  started_at: At;
  last_at: At;
  closed_at?: At | null;
  preview: string;
  rating?: number | null;
  tags: TagId[];
  flag?: Colour | null;
  vip: boolean;
  record_due: boolean;
  follow_up_at?: At | null;
}
export interface Events {
  events: Event[];
  more: boolean;
}
export type Cause = "contact_arrived" | "agent_free" | "relaxed" | "last_agent" | "by_hand";
export type Exclusion =
  | "offline" | "not_ready" | "medium_off" | "full" | "lacks_skill" | "declined" | "offered";
export interface Why {
  cause: Cause;
  strategy?: Strategy | null;
  waited_ms: number;
  priority: number;
  relaxed: number;
  candidates: { agent: UserId; measure: number }[];
  candidate_count: number;
  excluded: { reason: Exclusion; count: number; agents: UserId[] }[];
}
export interface Assignment {
  seq: number;
  at: At;
  agent: UserId;
  segment: number;
  why: Why;
}
export interface Consult {
  conversation: ConversationId;
  form: FormId;
  version: number;
  values: Record<string, string>;
  complete: boolean;
  agent?: UserId | null;
  updated_at: At;
}
export interface ConsultValues {
  form: FormId;
  values: Record<string, string>;
}
export interface Customer {
  name: string;
  phone: string;
  email: string;
  company: string;
  address: string;
  vip: boolean;
  tags: TagId[];
  note: string;
  external_id: string;
}
export interface StoredCustomer {
  id: CustomerId;
  version: number;
  created_at: At;
  updated_at: At;
  customer: Customer;
}
export interface PageView {
  at: At;
  url: string;
  title: string;
  referrer: string;
}
export type LeadStatus = "new" | "claimed" | "done";
export interface Lead {
  id: RecordId;
  version: number;
  at: At;
  widget: WidgetId;
  visitor?: VisitorId | null;
  customer?: CustomerId | null;
  fields: Record<string, string>;
  status: LeadStatus;
  owner?: UserId | null;
  answer: string;
}
export interface LeadChange {
  status: LeadStatus;
  answer?: string;
}
export interface StoredFile {
  id: FileId;
  name: string;
  mime: string;
  size: number;
  url: string;
}
export interface VisitorConfig {
  company: Text;
  title: Text;
  welcome: Text;
  accent: string;
  position: Corner;
  topics: Topic[];
  pre_chat: Field[];
  offline_form: Field[];
  quick_questions: Text[];
  notice: Text;
  notice_version: number;
  ask_guardian: boolean;
  wait_for_consent: boolean;
  sneak_preview: boolean;
  ask_rating: boolean;
  allow_files: boolean;
  languages: Lang[];
  team: Persona[];
  max_file: number;
}
export interface LeaveMessage {
  widget: WidgetId;
  token?: string | null;
  fields: Record<string, string>;
}
export interface NewApiKey {
  name: string;
  actions: Action[];
  expires_at?: At | null;
}
export interface ApiKey {
  id: ApiKeyId;
  name: string;
  prefix: string;
  actions: Action[];
  created_at: At;
  last_used_at?: At | null;
  expires_at?: At | null;
  revoked: boolean;
  secret?: string | null;
}
export interface Delivery {
  id: RecordId;
  webhook: WebhookId;
  seq: number;
  kind: string;
  state: "waiting" | "delivered" | "dead";
  attempts: number;
  next_at?: At | null;
  last_status?: number | null;
  last_error: string;
}
export interface AuditRow {
  seq: number;
  at: At;
  by: Actor;
  audience: Audience;
  kind: string;
  event: unknown;
  private?: unknown;
  hash: string;
}
export interface ChainCheck {
  checked: number;
  broken_at?: number | null;
  head: string;
}
export interface Floor {
  queues: QueueNow[];
  agents: Agent[];
}
/** GET /conversations/{id}: the live state, where there is one, and the row. */
export interface ConversationFound {
  row: ConversationRow;
  live?: Conversation | null;
}
export interface FieldProblem {
  field: string;
  message: string;
}
export interface Problem {
  type: string;
  code: string;
  status: number;
  title: string;
  detail?: string | null;
  fields?: FieldProblem[];
  current?: unknown;
}
