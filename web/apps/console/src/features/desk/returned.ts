import type { Content, ConversationId } from "@yingda/wire";
import { shallowReactive } from "vue";

/** Words that were taken back before they left: the composer takes them up again. */
export const returned = shallowReactive(new Map<ConversationId, Content>());
