// How the system is doing, for whoever keeps it running.

import type { BrowserContext } from "@playwright/test";
import { isDrawn, SOME_LOOKS } from "../picture.ts";
import { ADMIN, expect, LIMIN, Staff, test, Visitor } from "../stage.ts";

interface Told {
  now_at: number;
  nodes: { number: number; name: string; this: boolean; owns: boolean; figures: { store: object; bus: object | null } | null }[];
}

test("an administrator sees how the node is doing, and nobody else finds the room", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  await page.getByRole("navigation").first().getByRole("link", { name: "运行状态" }).click();
  const node = page.getByRole("region", { name: "节点" }).getByRole("article");
  await expect(node).toHaveCount(1);
  await expect(node).toContainText("负责节点");
  await expect(node).toContainText("数据库✓ 正常");
  await expect(node).toContainText("总线– 未使用");

  // Somebody asks, and it shows without a reload.
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("你好，在吗？");
  await expect(node.getByText("访客连接").locator("..")).toContainText("1");
  await expect(node.getByText("指令", { exact: true }).locator("..")).toContainText(/p50 [\d.]+ · p99 [\d.]+ ms/);

  await expect(agent.page.getByRole("navigation").first().getByRole("link", { name: "运行状态" })).toHaveCount(0);
  await agent.page.goto(`${server.url}/console/health`);
  await expect(agent.page).toHaveURL(/\/console\/desk/);
  expect((await agent.page.request.get(`${server.url}/api/v1/nodes`)).status()).toBe(403);
});

/** As in a cluster of three whose bus and store fail on one node each. */
async function fails(context: BrowserContext): Promise<void> {
  await context.route("**/api/v1/nodes", async (route) => {
    const told = (await (await route.fetch()).json()) as Told;
    const since_at = told.now_at - 95_000;
    const [own] = told.nodes;
    if (!own?.figures) throw new Error("the node says nothing of itself");
    const figures = { ...own.figures, renewal_ms: 3.2 };
    const busy = { commands: 18_240, command_p50_ms: 1.4, command_p99_ms: 180, commit_p50_ms: 0.9, commit_p99_ms: 12 };
    const well = { up: true, since_at };
    told.nodes = [
      { ...own, number: 2, name: "shanghai-1:8080", this: true, owns: false, figures: { ...figures, bus: well } },
      { ...own, number: 3, name: "shanghai-2:8080", this: false, owns: true, figures: { ...figures, ...busy, bus: { up: false, since_at } } },
      { ...own, number: 4, name: "beijing-1:8080", this: false, owns: false, figures: { ...figures, store: { up: false, since_at }, bus: well } },
      { ...own, number: 5, name: "beijing-2:8080", this: false, owns: false, figures: null },
    ];
    await route.fulfill({ json: told });
  });
}

test("a bus and a store that are away are named, with since when, in several looks", async ({ browser, server }) => {
  for (const look of SOME_LOOKS) {
    const context = await browser.newContext({ locale: look.locale, colorScheme: look.colorScheme, viewport: look.viewport });
    await fails(context);
    const page = await context.newPage();
    await page.goto(`${server.url}/console/health`);
    await page.locator("input[name=login]").fill(ADMIN.login);
    await page.locator("input[name=password]").fill("yingda-demo");
    await page.locator("button[type=submit]").click();
    const wrong = page.getByRole("main").getByRole("status").first();
    const isChinese = look.locale === "zh-CN";
    await expect(wrong).toContainText(isChinese ? /总线断开：shanghai-2:8080（从\d{4}.*起）/ : /The bus is away: shanghai-2:8080 \(since .*\d{4}/);
    await expect(wrong).toContainText(isChinese ? /数据库没有应答：beijing-1:8080（从/ : /The store does not answer: beijing-1:8080 \(since/);
    await expect(wrong).toContainText(isChinese ? "收不到beijing-2:8080的消息" : "Nothing is heard from beijing-2:8080");
    await expect(page.getByRole("main").getByRole("article").first()).toContainText("shanghai-2:8080");
    await isDrawn(page, look, "health-trouble");
    await context.close();
  }
});

test("figures that cannot be read any more are said to be old, and come again by themselves", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  await page.goto(`${server.url}/console/health`);
  const main = page.getByRole("main");
  await expect(main.getByRole("article")).toHaveCount(1);
  await server.dies();
  await expect(main.getByRole("status").first()).toContainText("暂时读不到新的数字");
  await expect(main.getByRole("article"), "what was known stays").toHaveCount(1);
  await server.returns();
  await expect(main.getByText("暂时读不到新的数字")).toHaveCount(0);
});
