import { computed, type WritableComputedRef } from "vue";
import { useRoute, useRouter } from "vue-router";

/** What a list is asked for stands in the address, so that it can be sent to a colleague and found again. */
export function useAsked<K extends string>(keys: readonly K[]): { [Key in K]: WritableComputedRef<string> } & { clear: () => void; some: () => boolean } {
  const route = useRoute();
  const router = useRouter();
  // Several may be set before the address has changed.
  let pending: Record<string, string | undefined> = {};
  const set = (key: string, value: string | null | undefined) => {
    const first = Object.keys(pending).length === 0;
    pending[key] = value || undefined;
    if (!first) return;
    queueMicrotask(() => {
      const query = { ...route.query, ...pending };
      pending = {};
      void router.replace({ query: Object.fromEntries(Object.entries(query).filter(([, it]) => it !== undefined)) as Record<string, string> });
    });
  };
  const refs = Object.fromEntries(
    keys.map((key) => [key, computed({ get: () => (typeof route.query[key] === "string" ? route.query[key] : ""), set: (value: string | null) => set(key, value) })]),
  ) as { [Key in K]: WritableComputedRef<string> };
  const clear = () => keys.forEach((key) => set(key, undefined));
  return { ...refs, clear, some: () => keys.some((key) => Boolean(route.query[key])) };
}
