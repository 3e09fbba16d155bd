import type { BatchNow, BatchReceiver } from "@yingda/wire";
import type { Hue } from "@yingda/ui";

/** As many as the server takes at once. */
export const MOST_RECEIVERS = 10_000;
export const LONGEST_TEXT = 500;

/** The states of a message, as they follow one another in the bar. */
export const STATES = ["delivered", "sent", "waiting", "failed", "cancelled"] as const;
export type BatchState = (typeof STATES)[number];
export const HUES: Record<BatchState, Hue> = { delivered: "green", sent: "accent", waiting: "blue", failed: "red", cancelled: "grey" };

export const countOf = (batch: BatchNow, state: BatchState): number => batch.states[state] ?? 0;
export const totalOf = (batch: BatchNow): number => Object.values(batch.states).reduce((sum, it) => sum + it, 0);

/** The same number written in several ways is one, as the server counts them. */
export function normal(number: string): string {
  const isInternational = /^\s*(?:\+|00)/.test(number);
  const digits = number.replace(/\D/g, "").replace(/^00/, "");
  const own = /^(?:86|0)(1\d{10})$/.exec(digits)?.[1];
  if (own) return own;
  return isInternational && !digits.startsWith("86") ? `+${digits}` : digits;
}

const isNumber = (text: string): boolean => /^[\d\s+().\-–—]+$/.test(text) && normal(text).length >= 5 && normal(text).length <= 16;

/** The cells of a line: parted by commas (either width), semicolons or tabs; quotes keep them together. */
function cells(line: string): string[] {
  const found: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let n = 0; n < line.length; n += 1) {
    const char = line.charAt(n);
    if (char === '"' && isQuoted && line.charAt(n + 1) === '"') {
      cell += '"';
      n += 1;
    } else if (char === '"' && (isQuoted || !cell.trim())) isQuoted = !isQuoted;
    else if (!isQuoted && /[,，;；\t]/.test(char)) {
      found.push(cell.trim());
      cell = "";
    } else cell += char;
  }
  return [...found, cell.trim()];
}

export interface Wrong {
  line: number;
  text: string;
  why: "number" | "values";
}
export interface Receivers {
  receivers: BatchReceiver[];
  wrong: Wrong[];
  /** Lines whose number stands further up already. */
  twice: number;
}

const NUMBER_HEAD = /^(?:号码|手机|手机号|手机号码|电话|电话号码|number|phone|mobile|tel|to)$/i;
const NAME_HEAD = /^(?:姓名|名字|称呼|name)$/i;

/** Receivers as they are pasted or stand in a file: `number,name` by line, or with a first line that names the columns. */
export function readReceivers(text: string): Receivers {
  const read: Receivers = { receivers: [], wrong: [], twice: 0 };
  const seen = new Set<string>();
  let keys = ["", "name"];
  let numberAt = 0;
  let isFirst = true;
  for (const [n, raw] of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).entries()) {
    if (!raw.trim()) continue;
    const parts = cells(raw);
    const headAt = isFirst ? parts.findIndex((it) => NUMBER_HEAD.test(it)) : -1;
    isFirst = false;
    if (headAt >= 0) {
      numberAt = headAt;
      keys = parts.map((it, at) => (at === headAt ? "" : NAME_HEAD.test(it) ? "name" : it));
      continue;
    }
    const number = parts[numberAt] ?? "";
    if (!isNumber(number)) read.wrong.push({ line: n + 1, text: raw.trim(), why: "number" });
    else if (parts.slice(keys.length).some(Boolean)) read.wrong.push({ line: n + 1, text: raw.trim(), why: "values" });
    else if (seen.has(normal(number))) read.twice += 1;
    else {
      seen.add(normal(number));
      const values = Object.fromEntries(keys.flatMap((key, at) => (key && parts[at] ? [[key, parts[at]]] : [])));
      read.receivers.push({ to: number, values });
    }
  }
  return read;
}

/** A text as one receiver gets it; what stands in braces and is no variable stays. */
export const filled = (text: string, values: BatchReceiver["values"] = {}): string =>
  text.replace(/\{([^{}:]*)\}/g, (whole, key: string) => (Object.hasOwn(values, key) ? (values[key] ?? whole) : whole));

/** Variables of a text that some receivers have no value for. */
export function lacking(text: string, receivers: readonly BatchReceiver[]): { key: string; count: number }[] {
  const keys = new Set([...text.matchAll(/\{([^{}:]+)\}/g)].map((it) => it[1] ?? ""));
  return [...keys]
    .map((key) => ({ key, count: receivers.filter((it) => !Object.hasOwn(it.values ?? {}, key)).length }))
    .filter((it) => it.count > 0);
}
