import type { Floor, Page, QueueId, QueueNow, Stored } from "@yingda/wire";
import { computed, onScopeDispose, shallowRef, type ComputedRef } from "vue";
import { api } from "../../api";
import { desk, listen } from "../../floor/store";
import { merged } from "./figures";

const TOUCHES = new Set(["queued", "queue_left", "assigned", "segment_ended", "conversation_closed", "conversation_reopened", "agent_state_changed"]);
const REST_MS = 1_500;

/** The queues as they are now. Nothing is polled: an event that moves a figure asks for the counted ones, at most once in a while. */
export function useQueues(): { queues: ComputedRef<QueueNow[]>; threshold: (queue: QueueId | null | undefined) => number } {
  const counted = shallowRef(new Map<QueueId, QueueNow>());
  const thresholds = shallowRef(new Map<QueueId, number>());
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;

  async function count(): Promise<void> {
    last = Date.now();
    // What cannot be counted now is counted with the next event; what waits is known meanwhile.
    const floor = await api.get<Floor>("/floor").catch(() => null);
    if (floor) counted.value = new Map(floor.queues.map((it) => [it.queue, it]));
  }
  function soon(): void {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      void count();
    }, Math.max(50, last + REST_MS - Date.now()));
  }
  const stop = listen("event", (event) => TOUCHES.has(event.kind) && soon());
  onScopeDispose(() => {
    stop();
    clearTimeout(timer);
  });
  void count();
  void api
    .get<Page<Stored<"queue">>>("/records/queue", { query: { limit: 200 } })
    .then((page) => (thresholds.value = new Map(page.items.map((it) => [it.id, it.record.threshold_s]))))
    .catch(() => undefined);

  return {
    queues: computed(() => [...(desk.value?.queues.values() ?? [])].map((it) => merged(it, counted.value.get(it.queue)))),
    threshold: (queue) => (queue ? thresholds.value.get(queue) : undefined) ?? 20,
  };
}
