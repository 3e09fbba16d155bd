import type { Stored } from "@yingda/wire";

/** Best first: the shortcut's beginning, then words of the title, then of the text. */
export function findReplies(all: readonly Stored<"reply">[], query: string): Stored<"reply">[] {
  const rank = ({ record }: Stored<"reply">): number => {
    if (record.shortcut.toLowerCase().startsWith(query)) return 0;
    if (`${record.title.zh} ${record.title.en} ${record.folder}`.toLowerCase().includes(query)) return 1;
    return `${record.text.zh} ${record.text.en}`.toLowerCase().includes(query) ? 2 : 3;
  };
  return all
    .map((reply) => ({ reply, rank: rank(reply) }))
    .filter((it) => it.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, 8)
    .map((it) => it.reply);
}

export function fill(text: string, values: { customer: string; agent: string; queue: string; time: string }): string {
  return text.replace(/\{(customer|agent|queue|time)\}/g, (_, name: keyof typeof values) => values[name]);
}
