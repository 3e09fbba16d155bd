import { ChatDotRound } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "desk",
  tail: "/:id?",
  label: "desk.title",
  icon: ChatDotRound,
  order: 10,
  needs: ["conversation_serve"],
  page: () => import("./DeskPage.vue"),
  overlay: async () => (await import("../phone/PhoneHost.vue")).default,
};
