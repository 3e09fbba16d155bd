import type { Lang, Text } from "@yingda/wire";
import { createI18n } from "vue-i18n";

/** A dictionary: the same tree of keys in both languages. */
export interface Words {
  zh: Tree;
  en: Tree;
}
export interface Tree {
  [key: string]: string | Tree;
}

// Each feature brings its words; they stand under the feature's name: `desk.reply`, `admin.users.title`.
const found = import.meta.glob<{ words: Words }>("./{features,parts,shell}/**/words.ts", { eager: true });

export function dictionaries(): Record<Lang, Tree> {
  const all: Record<Lang, Tree> = { zh: {}, en: {} };
  for (const [path, { words }] of Object.entries(found)) {
    const name = path.split("/").at(-2) ?? path;
    all.zh[name] = words.zh;
    all.en[name] = words.en;
  }
  return all;
}

export const i18n = createI18n<false>({
  legacy: false,
  locale: navigator.language.toLowerCase().startsWith("en") ? "en" : "zh",
  fallbackLocale: "zh",
  messages: dictionaries() as never,
  missingWarn: import.meta.env.DEV,
  fallbackWarn: import.meta.env.DEV,
});

/** The word for a key. Keys are checked by a test over all sources, which the library's own types cannot do here. */
export const t: (key: string, named?: Record<string, unknown>) => string = i18n.global.t as never;

export const language = (): Lang => i18n.global.locale.value as Lang;

export function speak(lang: Lang): void {
  i18n.global.locale.value = lang;
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
}

/** A text that an administrator wrote, in the person's language or else the other one. */
export function said(text: Text | null | undefined): string {
  if (!text) return "";
  const [first, second] = language() === "zh" ? [text.zh, text.en] : [text.en, text.zh];
  return first || second;
}
