import type { ConversationId, Event, NewPromise, Page, Pledge, PromiseAct, TicketId } from "@yingda/wire";
import { computed, onScopeDispose, shallowReactive, shallowRef, watch } from "vue";
import { api } from "../../api";
import { listen } from "../../floor/store";
import { me } from "../../session";
import { isOpen, ordered } from "./ring";

/** What promises belong to. */
export type Of = { ticket: TicketId } | { conversation: ConversationId };
const nameOf = (of: Of): string => ("ticket" in of ? `ticket=${of.ticket}` : `conversation=${of.conversation}`);

/** The promises of what is open on the screen: read once, wherever they show. */
const held = shallowReactive(new Map<string, Pledge[]>());
const readers = new Map<string, number>();
const underWay = new Map<string, Promise<void>>();
/** Called with what was changed here; with `null` when anything may have changed. */
const heard = new Set<(changed: Pledge | null) => void>();

function tell(changed: Pledge): void {
  for (const [key, all] of held) {
    const belongs = key === `ticket=${changed.ticket}` || key === `conversation=${changed.conversation}`;
    if (belongs) held.set(key, [...all.filter((it) => it.id !== changed.id), changed]);
  }
  for (const call of heard) call(changed);
}

export async function promise(what: NewPromise): Promise<Pledge> {
  const made = await api.post<Pledge>("/promises", what);
  tell(made);
  return made;
}

export async function actOn(it: Pledge, act: PromiseAct): Promise<Pledge> {
  const now = await api.post<Pledge>(`/promises/${it.id}/acts`, act);
  tell(now);
  return now;
}

function isNews(event: Event): boolean {
  return event.kind.startsWith("promise_");
}

/** Calls back, after a moment of quiet, when promises changed here or elsewhere. */
export function usePromiseNews(call: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      call();
    }, 250);
  };
  heard.add(soon);
  const deaf = listen("event", (event) => isNews(event) && soon());
  watch(me, soon);
  onScopeDispose(() => {
    heard.delete(soon);
    deaf();
    clearTimeout(timer);
  });
}

function read(key: string): Promise<void> {
  const [kind = "", id = ""] = key.split("=");
  const reading =
    underWay.get(key) ??
    api
      .get<Page<Pledge>>("/promises", { query: { [kind]: id } })
      .then((page) => void (readers.has(key) && held.set(key, page.items)))
      .finally(() => underWay.delete(key));
  underWay.set(key, reading);
  return reading;
}

/** The promises of a ticket or conversation, kept up to date while they show. */
export function usePromises(of: () => Of | null) {
  const trouble = shallowRef<unknown>(null);
  const key = computed(() => {
    const it = of();
    return it ? nameOf(it) : null;
  });
  async function load(): Promise<void> {
    const now = key.value;
    if (!now) return;
    try {
      await read(now);
      trouble.value = null;
    } catch (error) {
      trouble.value = error;
    }
  }
  const leave = (old: string) => {
    const left = (readers.get(old) ?? 1) - 1;
    if (left > 0) return void readers.set(old, left);
    readers.delete(old);
    held.delete(old);
  };
  watch(
    key,
    (now, before) => {
      if (before) leave(before);
      if (!now) return;
      readers.set(now, (readers.get(now) ?? 0) + 1);
      if (!held.has(now)) void load();
    },
    { immediate: true },
  );
  usePromiseNews(() => void load());
  onScopeDispose(() => key.value && leave(key.value));
  const all = computed(() => (key.value ? held.get(key.value) : undefined));
  return {
    /** `null`: nothing was read yet. */
    items: computed(() => (all.value ? ordered(all.value) : null)),
    open: computed(() => (all.value ? ordered(all.value).filter(isOpen) : [])),
    trouble,
    load,
  };
}
