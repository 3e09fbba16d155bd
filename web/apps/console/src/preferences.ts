import type { Lang } from "@yingda/wire";
import { reactive, watch } from "vue";
import { api } from "./api";
import { i18n, language, speak } from "./i18n";
import { me } from "./session";

export interface Preferences {
  language: Lang;
  theme: "light" | "dark" | "system";
  density: "comfortable" | "compact";
  sounds: boolean;
  volume: number;
  notifications: boolean;
  enterSends: boolean;
  /** Single letters act outside text fields. */
  singleKeys: boolean;
  /** What somebody asks of a list again and again, by the room. */
  views: Record<string, SavedView[]>;
}
export interface SavedView {
  name: string;
  query: Record<string, string>;
}

export const preferences = reactive<Preferences>({
  language: language(),
  theme: "system",
  density: "comfortable",
  sounds: true,
  volume: 60,
  notifications: true,
  enterSends: true,
  singleKeys: true,
  views: {},
});

const LOCAL = "yingda-preferences";
const system = matchMedia("(prefers-color-scheme: dark)");

function show(): void {
  const root = document.documentElement.classList;
  root.toggle("dark", preferences.theme === "dark" || (preferences.theme === "system" && system.matches));
  root.toggle("compact", preferences.density === "compact");
  if (i18n.global.locale.value !== preferences.language) speak(preferences.language);
}

/** Before sign-in: what this browser used last, so that nothing flashes. */
export function recall(): void {
  const kept = localStorage.getItem(LOCAL);
  if (kept) Object.assign(preferences, JSON.parse(kept));
  show();
  system.addEventListener("change", show);
  watch(preferences, show, { flush: "sync" });
}

/** After sign-in: the person's own. */
export function adoptPreferences(): void {
  const stored = me.value?.preferences;
  if (typeof stored === "object" && stored !== null) Object.assign(preferences, stored);
}

let timer: ReturnType<typeof setTimeout> | undefined;
watch(preferences, () => {
  localStorage.setItem(LOCAL, JSON.stringify(preferences));
  clearTimeout(timer);
  timer = setTimeout(() => {
    // What the browser keeps is enough until the next change reaches the server.
    if (me.value) void api.put("/me/preferences", { ...preferences }).catch(() => undefined);
  }, 600);
});
