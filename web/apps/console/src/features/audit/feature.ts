import { DocumentChecked } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "audit",
  tail: "/:seq?",
  label: "audit.title",
  icon: DocumentChecked,
  order: 120,
  needs: ["audit_read"],
  page: () => import("./AuditPage.vue"),
};
