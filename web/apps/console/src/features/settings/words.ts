import type { Words } from "../../i18n";

export const words = { zh: { title: "个人设置" }, en: { title: "Settings" } } satisfies Words;
