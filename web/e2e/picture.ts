// What a screen looks like: in both languages, both themes, on a desk and on a phone.

import { expect, type Page } from "@playwright/test";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { isUsableByAll } from "./axe.ts";

/** Where the pictures lie. */
export const SCREENS = resolve(import.meta.dirname, "../../target/screens");
mkdirSync(SCREENS, { recursive: true });

export const LOOKS = [
  { name: "zh-light-desk", locale: "zh-CN", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { name: "zh-dark-desk", locale: "zh-CN", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { name: "en-light-desk", locale: "en-GB", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { name: "en-dark-desk", locale: "en-GB", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { name: "zh-light-phone", locale: "zh-CN", colorScheme: "light", viewport: { width: 390, height: 844 } },
  { name: "zh-dark-phone", locale: "zh-CN", colorScheme: "dark", viewport: { width: 390, height: 844 } },
  { name: "en-light-phone", locale: "en-GB", colorScheme: "light", viewport: { width: 390, height: 844 } },
  { name: "en-dark-phone", locale: "en-GB", colorScheme: "dark", viewport: { width: 390, height: 844 } },
] as const;
export type Look = (typeof LOOKS)[number];

/** Half of them, in which each language, theme and size meets each other one: enough for a room that uses the same parts
 * as those that are seen in every look. */
const ENOUGH = ["zh-light-desk", "en-dark-desk", "en-light-phone", "zh-dark-phone"];
export const SOME_LOOKS = LOOKS.filter(({ name }) => ENOUGH.includes(name));

/** A picture of a page that is all there, which everyone can use and which does not scroll sideways. */
export async function isDrawn(page: Page, look: Look, name: string): Promise<void> {
  // Skeletons have gone and nothing is loading.
  await page.waitForLoadState("networkidle").catch(() => undefined);
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
  await page.screenshot({ path: resolve(SCREENS, `${name}-${look.name}.png`), animations: "disabled" });
  await isUsableByAll(page.mainFrame(), `${name} (${look.name})`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(wide, `${name} (${look.name}) scrolls sideways`).toBeLessThanOrEqual(0);
}

/** The same page on a desk and on a phone, light and dark; it is left as it was found. */
export async function isDrawnAround(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const look of LOOKS.filter((it) => it.locale === "zh-CN")) {
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await page.setViewportSize(look.viewport);
    await isDrawn(page, look, name);
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) await page.setViewportSize(before);
}
