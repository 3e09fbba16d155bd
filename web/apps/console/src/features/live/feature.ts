import { Monitor } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "live",
  tail: "/:id?",
  label: "live.title",
  icon: Monitor,
  order: 100,
  needs: ["floor_read"],
  page: () => import("./LivePage.vue"),
};
