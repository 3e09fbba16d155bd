// What stories have in common: a server of their own, a visitor at the shop, people at their desks.

import { test as base, type Browser, type BrowserContext, expect, type FrameLocator, type Locator, type Page } from "@playwright/test";
import { Server } from "./server.ts";

export { expect };

export const test = base.extend<{ server: Server }>({
  server: async ({ browser }, use) => {
    const server = await Server.start();
    await use(server);
    // A page left open goes on looking for its server, and every later story waits for it.
    await Promise.all(browser.contexts().map((context) => context.close()));
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

  static async comes(browser: Browser, url: string, path = "/demo/", prepare?: (context: BrowserContext) => Promise<void>) {
    const context = await browser.newContext({ locale: "zh-CN" });
    await prepare?.(context);
    const page = await context.newPage();
    await page.goto(url + path);
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

const PASSWORD = "yingda-demo";

/** The queue that a visitor of the shop comes into, the role of its agents, and the shop's widget. */
export const PRESALES = "/records/queue/1000401";
export const AGENTS = "/records/role/1000011";
export const WIDGET = "/records/widget/2000001";
/** A record of configuration as it is read. */
export type Kept<R = object> = { version: number; record: R };

/** People of the demo by what they do. */
export const LIMIN = { login: "limin", name: "李敏" };
export const CHENJING = { login: "chenjing", name: "陈静" };
export const ZHANGWEI = { login: "zhangwei", name: "张伟" };
export const SUPERVISOR = { login: "zhoumin", name: "周敏" };
export const ADMIN = { login: "admin", name: "王晓" };
export type Person = typeof LIMIN;

/** A member of staff at the console, in a browser of their own. */
export class Staff {
  private constructor(
    readonly page: Page,
    readonly person: Person,
    readonly url: string,
  ) {}

  static async signsIn(browser: Browser, url: string, person: Person, options: { lang?: "zh" | "en"; password?: string } = {}): Promise<Staff> {
    const context = await browser.newContext({ locale: options.lang === "en" ? "en-GB" : "zh-CN" });
    const page = await context.newPage();
    await page.goto(`${url}/console/`);
    await page.locator("input[name=login]").fill(person.login);
    await page.locator("input[name=password]").fill(options.password ?? PASSWORD);
    await page.locator("button[type=submit]").click();
    await expect(page.getByRole("navigation").first()).toBeVisible();
    return new Staff(page, person, url);
  }

  /** An agent who takes contacts. */
  static async serves(browser: Browser, url: string, person: Person, options: { password?: string } = {}): Promise<Staff> {
    const staff = await Staff.signsIn(browser, url, person, options);
    await staff.isReady();
    return staff;
  }

  get state() {
    return this.page.getByRole("button", { name: /^我的状态/ });
  }

  /** A console that is still connecting may redraw its menu away; then it is opened again. */
  private async inStateMenu(item: Locator): Promise<void> {
    await expect(async () => {
      if (!(await item.isVisible())) await this.state.click();
      await item.click({ timeout: 3_000 });
    }).toPass({ timeout: 60_000 });
  }

  async isReady(): Promise<void> {
    await this.inStateMenu(this.page.getByRole("menuitem", { name: "就绪", exact: true }));
    await expect(this.state).toHaveAccessibleName(/就绪|会话中/);
  }

  async choosesState(word: string): Promise<void> {
    await this.inStateMenu(this.page.getByRole("menuitem", { name: word }));
  }

  /** The conversations in the list, those of one's own and those that wait. */
  get rows() {
    return this.page.getByRole("region", { name: "会话列表" }).locator("a[href*='/desk/']");
  }

  row(text: string) {
    return this.rows.filter({ hasText: text });
  }

  /** Opens the conversation whose last words are these; gives its id. */
  async opens(text: string): Promise<string> {
    await this.row(text).first().click();
    await expect(this.page).toHaveURL(/\/desk\/\d+/);
    await expect(this.conversation).toBeVisible();
    return this.page.url().match(/\/desk\/(\d+)/)?.[1] ?? "";
  }

  get conversation() {
    return this.page.getByRole("article", { name: /^与.*的会话$/ });
  }

  get reply() {
    return this.page.getByRole("textbox", { name: "回复客户" });
  }

  async writes(text: string): Promise<void> {
    await this.reply.fill(text);
    await this.reply.press("Enter");
  }

  async hears(text: string): Promise<void> {
    await expect(this.conversation.locator(".bubble").filter({ hasText: text }).first()).toBeVisible();
  }

  /** The words of both sides as they stand in the conversation. */
  words(): Promise<string[]> {
    return this.conversation.locator("p.bubble").allInnerTexts();
  }

  button(name: string) {
    return this.conversation.getByRole("button", { name, exact: true });
  }

  /** One of the deeds behind the three dots of the conversation. */
  async chooses(deed: string): Promise<void> {
    await this.button("更多操作").click();
    await this.page.getByRole("menuitem", { name: deed }).click();
  }

  async asks<T>(path: string): Promise<T> {
    const answer = await this.page.request.get(`${this.url}/api/v1${path}`);
    expect(answer.ok(), `${path} was answered ${answer.status()}`).toBe(true);
    return (await answer.json()) as T;
  }

  /** Changes what is stored under a path, whatever its version is now. */
  async changes<T extends { version: number }>(path: string, body: (now: T) => object): Promise<void> {
    const now = await this.asks<T>(path);
    const answer = await this.page.request.put(`${this.url}/api/v1${path}`, {
      headers: { "if-match": `"${now.version}"`, "x-yingda": "1" },
      data: body(now),
    });
    expect(answer.ok(), await answer.text()).toBe(true);
  }
}
