import { DataAnalysis } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";

export const feature: Feature = {
  path: "reports",
  tail: "/:by?",
  label: "reports.title",
  icon: DataAnalysis,
  order: 90,
  needs: ["report_read"],
  overlay: () => import("../surveys/AskSurveyHost.vue").then((it) => it.default),
  page: () => import("./ReportsRoom.vue"),
};
