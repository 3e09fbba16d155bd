import type { Page } from "@yingda/wire";
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from "vue";
import { api, type Extra } from "../api";

type Query = NonNullable<Extra["query"]>;

/** A list that is read page by page. */
export interface Paged<T> {
  /** `null`: nothing was read yet. */
  items: ShallowRef<T[] | null>;
  trouble: ShallowRef<unknown>;
  busy: Ref<boolean>;
  hasMore: Ref<boolean>;
  reload: () => Promise<void>;
  /** Reads as much as is shown anew, without a blink: something of it changed elsewhere. */
  refresh: () => Promise<void>;
  more: () => Promise<void>;
  /** Shows a change of one row that was just made here. */
  put: (row: T, isSame: (other: T) => boolean) => void;
}

/** Reads anew, after a moment of quiet, whenever the address or the question changes. */
export function usePaged<T>(path: () => string | null, query: () => Query = () => ({})): Paged<T> {
  const items = shallowRef<T[] | null>(null);
  const trouble = shallowRef<unknown>(null);
  const busy = ref(false);
  const hasMore = ref(false);
  let next: string | null = null;
  let asking: AbortController | null = null;

  async function read(cursor: string | null): Promise<void> {
    const where = path();
    if (where === null) return;
    asking?.abort();
    const mine = (asking = new AbortController());
    busy.value = true;
    trouble.value = null;
    try {
      const page = await api.get<Page<T>>(where, { query: { limit: 60, ...query(), cursor }, signal: mine.signal });
      if (mine.signal.aborted) return;
      items.value = cursor === null ? page.items : [...(items.value ?? []), ...page.items];
      next = page.next ?? null;
      hasMore.value = next !== null;
    } catch (error) {
      if (!mine.signal.aborted) trouble.value = error;
    } finally {
      if (asking === mine) busy.value = false;
    }
  }
  const reload = () => read(null);
  async function refresh(): Promise<void> {
    const where = path();
    const shown = items.value?.length ?? 0;
    if (where === null || busy.value) return;
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      const all: T[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<T> = await api.get<Page<T>>(where, { query: { limit: 60, ...query(), cursor }, signal: mine.signal });
        all.push(...page.items);
        cursor = page.next ?? null;
      } while (cursor !== null && all.length < shown);
      if (mine.signal.aborted) return;
      items.value = all;
      next = cursor;
      hasMore.value = next !== null;
    } catch {
      // What is shown stays; the next change tries again.
    }
  }
  const more = async () => {
    if (next !== null && !busy.value) await read(next);
  };

  let quiet: ReturnType<typeof setTimeout> | undefined;
  watch(
    () => `${path() ?? ""} ${JSON.stringify(query())}`,
    () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => void reload(), 200);
    },
  );
  void reload();
  onScopeDispose(() => {
    clearTimeout(quiet);
    asking?.abort();
  });

  const put = (row: T, isSame: (other: T) => boolean) => {
    const known = items.value ?? [];
    items.value = known.some(isSame) ? known.map((it) => (isSame(it) ? row : it)) : [row, ...known];
  };
  return { items, trouble, busy, hasMore, reload, refresh, more, put };
}
