import { Goods } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "products",
  tail: "/:id?",
  label: "orders.products.title",
  icon: Goods,
  order: 36,
  needs: ["order_read"],
  page: () => import("./ProductsPage.vue"),
};
