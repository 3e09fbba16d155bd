import { Notebook } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "registers",
  tail: "/:book?/:id?",
  label: "registers.title",
  icon: Notebook,
  order: 40,
  needs: ["conversation_serve", "customer_read"],
  page: () => import("./RegistersPage.vue"),
};
