import type { Conversation, ConversationId } from "@yingda/wire";
import { computed, ref, watch } from "vue";
import { desk, loadConversation, openedPast } from "./store";

/**
 * A conversation that is looked at, whoever serves it. It is read when this console does not have it: at first, and
 * again when a fresh desk came, which holds only what is one's own.
 */
export function useOpened(id: () => ConversationId | null) {
  const trouble = ref<unknown>(null);
  const conversation = computed<Conversation | null>(() => {
    const now = id();
    return now ? (desk.value?.conversations.get(now) ?? openedPast(now)) : null;
  });
  async function load(): Promise<void> {
    trouble.value = null;
    const now = id();
    if (!now || !desk.value || conversation.value) return;
    await loadConversation(now).catch((error: unknown) => (trouble.value = error));
  }
  watch([id, () => desk.value === null, () => conversation.value === null], load, { immediate: true });
  return { conversation, trouble, load };
}
