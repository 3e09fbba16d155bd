import type { LiveVisitor } from "@yingda/wire";

/** A page's address without the site's name: what tells pages apart. */
export function pathOf(url: string): string {
  try {
    const it = new URL(url);
    return it.pathname + it.search;
  } catch {
    return url;
  }
}

/** Where somebody came from, as a site's name. */
export function sourceOf(referrer: string): string {
  try {
    return new URL(referrer).hostname;
  } catch {
    return referrer;
  }
}

export interface Wanted {
  q: string;
  who: string;
}

/** Those who browse, the latest to move first; of one sort where one is wanted. */
export function browsing(visitors: Iterable<LiveVisitor>, wanted: Wanted): LiveVisitor[] {
  const q = wanted.q.trim().toLowerCase();
  return [...visitors]
    .filter((it) => {
      if (wanted.who === "new" && it.returning) return false;
      if (wanted.who === "returning" && !it.returning) return false;
      if (wanted.who === "talking" && !it.conversation) return false;
      if (wanted.who === "alone" && it.conversation) return false;
      return !q || `${it.name} ${it.visitor} ${it.page.url} ${it.page.title} ${it.referrer}`.toLowerCase().includes(q);
    })
    .sort((a, b) => b.page_at - a.page_at);
}
