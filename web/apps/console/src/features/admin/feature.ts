import { Setting } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "admin",
  tail: "/:section?/:id?",
  label: "admin.title",
  icon: Setting,
  order: 110,
  needs: [
    "manage_users", "manage_roles", "manage_routing", "manage_tickets", "manage_widgets", "manage_forms", "manage_tags",
    "manage_integrations", "manage_settings", "manage_bans", "reply_shared",
  ],
  page: () => import("./AdminPage.vue"),
};
