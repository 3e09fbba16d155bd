// When the widget speaks first: the site's rules, against what this visitor does. Pure.

import type { InvitationRule } from "../../wire";

export type Situation = {
  url: string;
  /** Referrer and campaign of the visit. */
  source: string;
  returning: boolean;
  staffed: boolean;
  /** Milliseconds on this page. */
  dwelt: number;
  now: number;
  /** When a rule was last shown to this visitor. */
  shownAt: (id: string) => number;
};

const HOUR_MS = 3_600_000;

const fits = (rule: InvitationRule, it: Situation) =>
  it.url.includes(rule.page_contains) &&
  it.source.includes(rule.source_contains) &&
  (rule.returning == null || rule.returning === it.returning) &&
  (!rule.only_staffed || it.staffed) &&
  it.now - it.shownAt(rule.id) >= rule.cap_hours * HOUR_MS;

/** The first rule that fits, and in how many milliseconds the page has been looked at long enough for it. */
export function next(rules: InvitationRule[], it: Situation): { rule: InvitationRule; wait: number } | null {
  const soonest = rules.filter((rule) => fits(rule, it)).sort((a, b) => a.dwell_s - b.dwell_s)[0];
  return soonest ? { rule: soonest, wait: Math.max(0, soonest.dwell_s * 1000 - it.dwelt) } : null;
}

/** Every other visitor sees the second wording, always the same one. */
export const seesVariant = (visitor: string) => [...visitor].reduce((sum, digit) => sum + Number(digit), 0) % 2 === 1;
