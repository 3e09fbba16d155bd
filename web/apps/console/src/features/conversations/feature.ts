import { ChatLineSquare } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "conversations",
  tail: "/:id?",
  label: "conversations.title",
  icon: ChatLineSquare,
  order: 20,
  needs: ["conversation_read"],
  page: () => import("./ConversationsPage.vue"),
};
