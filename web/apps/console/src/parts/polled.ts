import { onBeforeUnmount, onMounted, shallowRef, type ShallowRef } from "vue";
import { api } from "../api";

export interface Polled<T> {
  /** What was read last; `null` before the first time. */
  found: ShallowRef<T | null>;
  trouble: ShallowRef<unknown>;
  look: () => Promise<void>;
}

/** Reads something anew every so often, for as long as somebody sees the page. */
export function usePolled<T>(path: string, everyMs: number): Polled<T> {
  const found = shallowRef<T | null>(null);
  const trouble = shallowRef<unknown>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;

  async function look(): Promise<void> {
    clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      found.value = await api.get<T>(path, { signal: mine.signal });
      trouble.value = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      trouble.value = error;
    }
    if (mine === asking && !document.hidden) timer = setTimeout(() => void look(), everyMs);
  }
  // A page that nobody sees asks for nothing.
  const turned = () => (document.hidden ? clearTimeout(timer) : void look());
  onMounted(() => {
    document.addEventListener("visibilitychange", turned);
    void look();
  });
  onBeforeUnmount(() => {
    document.removeEventListener("visibilitychange", turned);
    clearTimeout(timer);
    asking?.abort();
    asking = null;
  });
  return { found, trouble, look };
}
