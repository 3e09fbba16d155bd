import type { Span } from "@yingda/wire";

const two = (part: number) => String(part).padStart(2, "0");
export const clockOf = (minutes: number): string => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;

/** `09:00-12:00 13:30-18:00`, or `9-18` for short; what is no such thing gives `null`. */
export function readSpans(text: string): Span[] | null {
  const spans: Span[] = [];
  // People also type full-width marks, and `to` by a wave.
  const plain = text.replaceAll("：", ":").replaceAll(/\s*[–—~～至-]\s*/g, "-").trim();
  for (const part of plain.split(/[\s,，、;；]+/).filter(Boolean)) {
    const found = /^(\d{1,2})(?::(\d{2}))?-(\d{1,2})(?::(\d{2}))?$/.exec(part);
    if (!found) return null;
    const [h1 = 0, m1 = 0, h2 = 0, m2 = 0] = found.slice(1).map((it) => Number(it ?? 0));
    const span = { from: h1 * 60 + m1, to: h2 * 60 + m2 };
    if (m1 > 59 || m2 > 59 || span.from >= span.to || span.to > 1_440) return null;
    if (spans.length && span.from < (spans.at(-1)?.to ?? 0)) return null;
    spans.push(span);
  }
  return spans;
}

export const writeSpans = (spans: readonly Span[]): string => spans.map((it) => `${clockOf(it.from)}-${clockOf(it.to)}`).join("  ");
