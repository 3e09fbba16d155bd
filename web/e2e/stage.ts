// What stories have in common: a server of their own, a visitor at the shop, people at their desks.

import { test as base, type Browser, type BrowserContext, expect, type FrameLocator, type Page } from "@playwright/test";
import { Server } from "./server.ts";

export { expect };

export const test = base.extend<{ server: Server }>({
  // biome-ignore lint: Playwright reads the fixtures that are needed from this pattern.
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.stop();
  },
  baseURL: async ({ server }, use) => use(server.url),
});

/** A picture that a browser really decodes: 2 × 2 pixels. */
export const PICTURE = {
  name: "裙子.png",
  mimeType: "image/png",
  buffer: Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP8z8Dwn4GBgYGJAQoAAB8XAgIaAYtXAAAAAElFTkSuQmCC",
    "base64",
  ),
};

/** Someone who looks at the shop, in a browser of their own. */
export class Visitor {
  private constructor(
    readonly page: Page,
    readonly frame: FrameLocator,
  ) {}

  static async comes(browser: Browser, server: Server, path = "/demo/", prepare?: (context: BrowserContext) => Promise<void>) {
    const context = await browser.newContext({ locale: "zh-CN" });
    await prepare?.(context);
    const page = await context.newPage();
    await page.goto(server.url + path);
    return new Visitor(page, page.frameLocator("#yingda iframe"));
  }

  async opens(): Promise<void> {
    await this.page.locator("#yingda button[aria-haspopup=dialog]").click();
    await expect(this.composer).toBeVisible();
  }

  get composer() {
    return this.frame.getByRole("textbox", { name: "输入消息" });
  }

  get log() {
    return this.frame.getByRole("log", { name: "消息记录" });
  }

  /** The words of both sides, in the order in which they stand there. */
  words(): Promise<string[]> {
    return this.log.locator(".bubble .text").allInnerTexts();
  }

  async writes(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** The first words, and what the widget asks before it passes them on. */
  async asks(text: string): Promise<void> {
    await this.opens();
    await this.writes(text);
    const form = this.frame.getByRole("form", { name: "开始之前" });
    const said = this.log.getByText(text, { exact: true });
    await expect(form.or(said).first()).toBeVisible();
    if (await form.isVisible()) {
      for (const box of await form.locator("input[aria-required=true], textarea[aria-required=true]").all()) {
        if ((await box.getAttribute("type")) === "checkbox") await box.check();
        else await box.fill((await box.getAttribute("type")) === "tel" ? "13800001111" : "小王");
      }
      for (const choice of await form.locator("select[aria-required=true]").all()) await choice.selectOption({ index: 1 });
      for (const tick of await form.locator(".consent input[type=checkbox]").all()) await tick.check();
      const age = form.getByRole("radio", { name: "我已满 14 周岁" });
      if (await age.isVisible()) await age.check();
      await form.getByRole("button", { name: "开始咨询" }).click();
    }
    await expect(said).toBeVisible();
  }

  async hears(text: string): Promise<void> {
    await expect(this.log.getByText(text, { exact: true })).toBeVisible();
  }

  leaves(): Promise<void> {
    return this.page.context().close();
  }
}
