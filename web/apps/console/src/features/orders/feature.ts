import { Box } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "orders",
  tail: "/:id?",
  label: "orders.title",
  icon: Box,
  order: 36,
  needs: ["order_read"],
  page: () => import("./OrdersPage.vue"),
};
