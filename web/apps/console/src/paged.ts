import type { Page } from "@yingda/wire";
import { computed, ref, shallowRef } from "vue";

/** A list that is read page by page as one scrolls. A newer reading makes the answers of older ones void. */
export function usePaged<T>(read: (cursor: string | null) => Promise<Page<T>>) {
  const items = shallowRef<readonly T[]>([]);
  const next = ref<string | null>(null);
  const state = ref<"reading" | "more" | "ready">("reading");
  const trouble = shallowRef<unknown>(null);
  let turn = 0;

  async function step(cursor: string | null): Promise<void> {
    const mine = ++turn;
    trouble.value = null;
    state.value = cursor ? "more" : "reading";
    try {
      const page = await read(cursor);
      if (mine !== turn) return;
      items.value = cursor ? [...items.value, ...page.items] : page.items;
      next.value = page.next ?? null;
    } catch (error) {
      if (mine === turn) trouble.value = error;
    } finally {
      if (mine === turn) state.value = "ready";
    }
  }

  return {
    items,
    trouble,
    isReading: computed(() => state.value === "reading"),
    isReadingMore: computed(() => state.value === "more"),
    again: () => step(null),
    more: () => (next.value && state.value === "ready" ? step(next.value) : undefined),
  };
}
