import type { ConversationId, TicketId } from "@yingda/wire";
import { desk } from "./store";

/** Where a conversation is: on one's own desk, else among all. */
export const talkPlace = (conversation: ConversationId): string => {
  const now = desk.value;
  const isMine = now !== null && now.conversations.get(conversation)?.agent === now.me.id;
  return `/${isMine ? "desk" : "conversations"}/${conversation}`;
};

/** Where somebody looks after a promise: in its ticket, else in the conversation, else in the list of promises. */
export function promisePlace(it: { ticket?: TicketId | null; conversation?: ConversationId | null }): string {
  if (it.ticket) return `/tickets/${it.ticket}`;
  return it.conversation ? talkPlace(it.conversation) : "/tickets?view=promises";
}
