import type { FlowNode, FlowStep } from "@yingda/wire";
import { t } from "../../../i18n";

export const nodeName = (id: string, node: FlowNode | undefined): string => (node ? node.label || `${t(`admin.flow.step.${node.step.type}`)} ${id.replace(/^.*_/, "")}` : id);

/** What opens a way, in words. */
export function wayName(step: FlowStep, field: string): string {
  const [first = "", part = ""] = field.split(".");
  if (first === "options") return t("admin.flow.way.key", { key: part });
  if (first === "cases") return t("admin.flow.way.case", { number: Number(part) + 1 });
  if (first === "to" && step.type === "condition") return t("admin.flow.way.other");
  return t(`admin.flow.way.${first}`);
}
