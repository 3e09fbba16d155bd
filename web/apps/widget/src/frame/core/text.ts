// Text that came from outside, made safe to show. The parts are drawn as text nodes; only http(s) and mail link.

export type Part = { text: string; href?: string };

const LINK = /\bhttps?:\/\/[^\s<>"'，。！？；：、（）【】《》“”]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi;

export function parts(text: string): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const { 0: match, index } of text.matchAll(LINK)) {
    // A sentence's own punctuation does not belong to the address.
    const link = match.replace(/[.,;:!?)\]]+$/, "");
    if (index > from) found.push({ text: text.slice(from, index) });
    found.push({ text: link, href: link.includes("://") ? link : `mailto:${link}` });
    from = index + link.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** The first letters of a name for a face without a picture: 李敏 → 敏, Anna Smith → AS. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  if (/[\u3400-\u9fff]/.test(name)) return name.trim().slice(-1);
  return words.slice(0, 2).map((word) => word.slice(0, 1).toUpperCase()).join("");
}

export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "KB"] : [bytes / 1024 ** 2, "MB"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
