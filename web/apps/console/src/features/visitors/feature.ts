import { View } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "visitors",
  tail: "/:id?",
  label: "visitors.title",
  icon: View,
  order: 25,
  needs: ["visitor_read"],
  page: () => import("./VisitorsPage.vue"),
};
