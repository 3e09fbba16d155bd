import { ElMessage, ElMessageBox } from "element-plus";
import "element-plus/es/components/message/style/css";
import "element-plus/es/components/message-box/style/css";
import { sentence } from "./api";
import { t } from "./i18n";

/** Short words at the top of the window. */
export const tellDone = (message: string): void => void ElMessage({ type: "success", message, grouping: true });
export const tellTrouble = (error: unknown): void =>
  void ElMessage({ type: "error", message: typeof error === "string" ? error : sentence(error), grouping: true, duration: 6_000, showClose: true });

/** Asks before something that cannot be undone. */
export async function sure(question: string, verb: string): Promise<boolean> {
  try {
    await ElMessageBox.confirm(question, { confirmButtonText: verb, cancelButtonText: t("shell.cancel"), type: "warning", showClose: false });
    return true;
  } catch {
    return false;
  }
}
