import type { Words } from "../../i18n";

export const words = { zh: { title: "工作台" }, en: { title: "Desk" } } satisfies Words;
