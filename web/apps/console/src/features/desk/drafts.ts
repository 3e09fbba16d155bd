import type { ConversationId } from "@yingda/wire";

const key = (id: ConversationId): string => `yingda-draft-${id}`;

/** Unsent words outlive a reload, one draft for each conversation. */
export const draftOf = (id: ConversationId): string => localStorage.getItem(key(id)) ?? "";

export function keepDraft(id: ConversationId, text: string): void {
  if (text.trim()) localStorage.setItem(key(id), text);
  else localStorage.removeItem(key(id));
}
