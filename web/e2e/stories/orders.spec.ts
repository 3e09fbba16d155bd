// An order that is late: its customer is told, something else is offered, what is agreed is taken down, and it counts.

import type { Browser, Page } from "@playwright/test";
import { isDrawn, type Look, SOME_LOOKS } from "../picture.ts";
import { expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

const HOUR = 3_600_000;

async function sent(page: Page, url: string, path: string, data: unknown): Promise<{ [key: string]: unknown }> {
  const answer = await page.request.post(`${url}/api/v1${path}`, { data, headers: { "x-yingda": "1" } });
  expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
  return (await answer.json()) as { [key: string]: unknown };
}

/** `2026-11-25 12:00`, in the zone of the browser. */
function moment(at: number): string {
  const it = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${it.getFullYear()}-${two(it.getMonth() + 1)}-${two(it.getDate())} ${two(it.getHours())}:${two(it.getMinutes())}`;
}

test("B-17, K-16: an order delay is resolved inside 24 h with a substitute offered", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("我的空气炸锅什么时候到？");
  const talk = await agent.opens("我的空气炸锅什么时候到？");
  const { page } = agent;
  const customer = await sent(page, server.url, "/customers", { name: "周晓", phone: "13700000001" });
  await sent(page, server.url, `/conversations/${talk}/acts`, { do: "link_customer", customer: customer.id });
  // The shop brings an order whose day has passed.
  await sent(page, server.url, "/orders", {
    number: "YQ-LATE-1", customer: customer.id, placed_at: Date.now() - 72 * HOUR, promised_at: Date.now() - 1_000, amount: 29_900, payment: "paid",
    lines: [{ sku: "YQ-AF40", name: "空气炸锅 4 L", quantity: 1, price: 29_900 }],
    receiver: { name: "周晓", phone: "13700000001", address: "浙江省杭州市西湖区文三路 9 号" },
  });
  await expect(visitor.log.getByText(/很抱歉，您的订单 YQ-LATE-1 不能按时送达/), "the customer is told by itself").toBeVisible();

  await page.goto(`${server.url}/console/orders`);
  await page.getByRole("radio", { name: "有异常", exact: true }).check({ force: true });
  await page.getByRole("textbox", { name: /订单号、收货人/ }).fill("yq-late");
  await page.getByRole("main").getByText("YQ-LATE-1", { exact: true }).first().click();
  const order = page.getByRole("region", { name: "订单 YQ-LATE-1" });
  const late = order.getByRole("article", { name: "延误" });
  await expect(late.getByRole("link", { name: "打开工单" }), "a ticket was opened by itself").toBeVisible();
  const other = late.getByRole("row", { name: /空气炸锅 5 L 升级版/ });
  await expect(other, "what speaks for and against it").toContainText("容量：4 L → 5 L");
  await expect(other).toContainText("高 40.00");
  await other.getByRole("button", { name: /^推荐给客户：/ }).click();
  const offers = page.getByRole("dialog", { name: /^推荐给客户：空气炸锅 5 L/ });
  const words = await offers.getByRole("textbox", { name: "给客户的话" }).inputValue();
  expect(words).toContain("YQ-LATE-1");
  await offers.getByRole("button", { name: "发给客户" }).click();
  await expect(offers).toBeHidden();
  await visitor.hears(words);
  await visitor.writes("可以，就换这款。");

  await other.getByRole("button", { name: /^客户接受：/ }).click();
  const agrees = page.getByRole("dialog", { name: "记录安排" });
  await expect(agrees.getByText(/YQ-AF50/).first()).toBeVisible();
  await agrees.getByRole("button", { name: "记录安排" }).click();
  await expect(agrees.getByText("必填。").first(), "the ticket asks for a date and the customer's word").toBeVisible();
  const date = agrees.getByRole("combobox", { name: "新的到货时间" }).or(agrees.getByRole("textbox", { name: "新的到货时间" })).first();
  await date.fill(moment(Date.now() + 48 * HOUR));
  await date.press("Enter");
  await agrees.getByText("客户同意这样安排").click();
  await agrees.getByRole("textbox", { name: "补偿金额（元）" }).fill("20");
  await agrees.getByRole("button", { name: "记录安排" }).click();
  await expect(agrees).toBeHidden();
  await expect(late).toContainText("换成 YQ-AF50");
  await expect(late).toContainText("补偿 20.00 元");
  await expect(order.getByRole("region", { name: "变更记录" })).toContainText("记录安排");

  await late.getByRole("link", { name: "打开工单" }).click();
  await expect(page).toHaveURL(/\/tickets\/\d+/);
  const ticket = page.getByRole("region", { name: /YQ-LATE-1 延误/ });
  await expect(ticket.getByText("已重新安排").first(), "the ticket went with it").toBeVisible();
  await expect(ticket.getByRole("link", { name: /YQ-LATE-1/ })).toBeVisible();

  const leader = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await leader.page.goto(`${server.url}/console/reports/indicators?from=${Date.now() - HOUR}&to=${Date.now() + HOUR}`);
  const counted = leader.page.getByRole("button", { name: /^订单异常 24 小时重新安排率：计入的\d+件$/ });
  await expect(counted).not.toHaveText("0");
  await counted.click();
  const cases = leader.page.getByRole("region", { name: "订单异常 24 小时重新安排率", exact: true });
  await expect(cases.getByRole("link", { name: /YQ-LATE-1/ })).toBeVisible();
});

test("B-15: an order without a street is asked about, put right and confirmed", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, LIMIN);
  await page.goto(`${server.url}/console/orders/YQ2611061207`);
  const order = page.getByRole("region", { name: "订单 YQ2611061207" });
  const checks = order.getByRole("region", { name: "核对清单" });
  await expect(checks).toContainText("缺：街道、门牌号");
  await checks.getByRole("button", { name: "请客户补充" }).click();
  const asks = page.getByRole("dialog", { name: "请客户补充" });
  await expect(asks.getByRole("textbox")).toHaveValue(/YQ2611061207 还需要您确认：街道、门牌号/);
  await asks.getByRole("button", { name: "发给客户" }).click();
  await expect(order.getByRole("region", { name: "已告知客户" })).toContainText("YQ2611061207");
  await page.getByRole("button", { name: "修改", exact: true }).click();
  await page.getByRole("textbox", { name: "地址" }).fill("广东省广州市天河区体育西路 101 号");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(checks).not.toContainText("缺：");
  await checks.getByRole("button", { name: "记为已确认：地址" }).click();
  const confirms = page.getByRole("dialog", { name: "记为已确认：地址" });
  await confirms.getByRole("textbox").fill("电话");
  await confirms.getByRole("button", { name: "记为已确认", exact: true }).click();
  await expect(checks).toContainText(/客户已确认（.+） · 电话/);
  await expect(order.getByRole("region", { name: "变更记录" })).toContainText("广东省广州市天河区体育西路 101 号");
});

async function at(browser: Browser, url: string, look: Look): Promise<Page> {
  const context = await browser.newContext({ locale: look.locale, colorScheme: look.colorScheme, viewport: look.viewport });
  const page = await context.newPage();
  await page.goto(`${url}/console/`);
  await page.locator("input[name=login]").fill(SUPERVISOR.login);
  await page.locator("input[name=password]").fill("yingda-demo");
  await page.locator("button[type=submit]").click();
  await expect(page.getByRole("navigation").first()).toBeVisible();
  return page;
}

for (const look of SOME_LOOKS) {
  test(`Q-02: orders, one with an exception, one to put right, ${look.name}`, async ({ browser, server }) => {
    const page = await at(browser, server.url, look);
    for (const [path, name, mark] of [
      ["orders", "orders-list", "YQ2611060031"],
      ["orders/YQ2611060031", "orders-stock", "YQ-AF50"],
      ["orders/YQ2611060412", "orders-shipped", "JD26110604128"],
      ["orders/new", "orders-new", ""],
    ] as const) {
      await page.goto(`${server.url}/console/${path}`);
      if (mark) await expect(page.getByText(mark).first()).toBeVisible();
      await isDrawn(page, look, name);
    }
    await page.goto(`${server.url}/console/orders/YQ2611060031`);
    const link = page.getByRole("link", { name: look.locale === "zh-CN" ? "打开工单" : "Open the ticket" });
    await link.click();
    await expect(page.getByText("YQ-AF50").first()).toBeVisible();
    await isDrawn(page, look, "orders-ticket");
  });
}
