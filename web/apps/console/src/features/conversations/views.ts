/** Lists that people keep coming back to. */
export const VIEWS = ["all", "mine", "due", "follow"] as const;
export type View = (typeof VIEWS)[number];
export const viewOf = (text: string): View => VIEWS.find((it) => it === text) ?? "all";

export const PHASES = ["open", "waiting", "offered", "active", "wrap_up", "closed"] as const;

export interface Filters {
  q: string;
  phase: string;
  medium: string;
  queue: string;
  agent: string;
  tag: string;
  from: string;
  to: string;
}

/** What the server is asked for; what a view means goes before what is chosen beside it. */
export function question(view: View, filters: Filters): Record<string, string | boolean> {
  const asked: Record<string, string | boolean> = {};
  for (const [key, value] of Object.entries(filters)) if (value.trim()) asked[key] = value.trim();
  if (view === "mine") asked.agent = "me";
  if (view === "due") asked.record_due = true;
  if (view === "follow") asked.follow_up = "open";
  return asked;
}
