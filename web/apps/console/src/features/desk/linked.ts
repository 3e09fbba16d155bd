export interface Part {
  text: string;
  href?: string;
}

const ADDRESS = /https?:\/\/[^\s<>"'，。；！？、）】》]+/giu;

/** Splits a text into words and web addresses. Only http and https become links. */
export function linked(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    // A closing dot or bracket belongs to the sentence.
    const href = found[0].replace(/[.,;:!?)\]]+$/, "");
    if (found.index > from) parts.push({ text: text.slice(from, found.index) });
    parts.push({ text: href, href });
    from = found.index + href.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}
