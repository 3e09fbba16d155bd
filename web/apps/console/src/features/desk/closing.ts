import type { ConversationId } from "@yingda/wire";
import { shallowReactive } from "vue";
import { act } from "../../floor/store";

const UNDO_MS = 5_000;

/** Conversations that are about to be closed, with the instant when the command goes out. */
export const closing = shallowReactive(new Map<ConversationId, { until: number; timer: ReturnType<typeof setTimeout> }>());

/** Closes after a moment in which it can be taken back. */
export function close(id: ConversationId): void {
  if (closing.has(id)) return;
  const timer = setTimeout(() => {
    closing.delete(id);
    act(id, { do: "close" });
  }, UNDO_MS);
  closing.set(id, { until: Date.now() + UNDO_MS, timer });
}

export function undoClose(id: ConversationId): void {
  clearTimeout(closing.get(id)?.timer);
  closing.delete(id);
}

// Leaving the page is not taking back.
addEventListener("pagehide", () => {
  for (const id of [...closing.keys()]) {
    undoClose(id);
    act(id, { do: "close" });
  }
});
