import { daysAgo } from "./days";
import { language, t } from "./i18n";

const locale = (): string => (language() === "zh" ? "zh-CN" : "en-GB");
const made = new Map<string, Intl.DateTimeFormat>();

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const key = `${locale()}${JSON.stringify(options)}`;
  const known = made.get(key) ?? new Intl.DateTimeFormat(locale(), options);
  made.set(key, known);
  return known.format(at);
}

/** `14:03`, in the viewer's zone. */
export const clock = (at: number): string => format(at, { hour: "2-digit", minute: "2-digit", hour12: false });

/** `14:03:21` */
export const exactClock = (at: number): string =>
  format(at, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** The whole instant, for a hover. */
export const exact = (at: number): string =>
  format(at, { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** 今天, 昨天, 3月5日 */
export function dayName(at: number, now = Date.now()): string {
  const days = daysAgo(at, now);
  if (days === 0) return t("shell.when.today");
  if (days === 1) return t("shell.when.yesterday");
  const thisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format(at, { ...(thisYear ? {} : { year: "numeric" }), month: "long", day: "numeric", weekday: "short" });
}

/** For a narrow column: the clock today, else the day; what is still to come is never yesterday. */
export function brief(at: number, now = Date.now()): string {
  const days = daysAgo(at, now);
  if (days === 0) return clock(at);
  if (days === 1) return t("shell.when.yesterday");
  return format(at, { month: "numeric", day: "numeric" });
}

export const dateTime = (at: number): string =>
  format(at, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });

/** A day of the calendar. */
export const day = (at: number): string => format(at, { year: "numeric", month: "2-digit", day: "2-digit" });
