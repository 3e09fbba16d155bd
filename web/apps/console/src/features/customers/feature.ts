import { User } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "customers",
  tail: "/:id?",
  label: "customers.title",
  icon: User,
  order: 30,
  needs: ["customer_read"],
  page: () => import("./CustomersPage.vue"),
};
