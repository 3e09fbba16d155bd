import { Calendar } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "plans",
  tail: "/:id?",
  label: "plans.title",
  icon: Calendar,
  order: 37,
  needs: ["ticket_approve"],
  page: () => import("./PlansPage.vue"),
};
