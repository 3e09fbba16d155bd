import { Odometer } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "health",
  label: "health.title",
  icon: Odometer,
  order: 130,
  needs: ["system_operate"],
  page: () => import("./HealthPage.vue"),
};
