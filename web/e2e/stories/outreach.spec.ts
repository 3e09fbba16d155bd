// Writing first: to one customer, to many, and what colleagues take down at the counter.

import type { Browser, Page } from "@playwright/test";
import { isDrawn, type Look, SOME_LOOKS } from "../picture.ts";
import { Receiver } from "../receiver.ts";
import { channel, makes, smsChannel } from "../sms.ts";
import { ADMIN, expect, LIMIN, type Person, PICTURE, Staff, test } from "../stage.ts";

/** An SMS channel whose provider is the receiver. */
async function sms(admin: Staff, provider: Receiver): Promise<(body: object) => Promise<void>> {
  const id = await smsChannel(admin, provider);
  const all = await admin.asks<{ id: string; callback?: string }[]>("/channels");
  const callback = all.find((it) => it.id === id)?.callback ?? "";
  return async (body) => {
    const answer = await fetch(new URL(callback, admin.url), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
  };
}

const left = (provider: Receiver) => provider.heard.map((it) => JSON.parse(it) as { mobile: string; content: string });

/** Opens what is under an address of the console as a person would: the program has been loaded before. */
const opens = (staff: Staff, path: string) => staff.page.goto(`${staff.url}/console/${path}`);

test("SYS-01: a customer is written to from their page, unless they opted out, and their answer comes to the writer", async ({ browser, server }) => {
  const provider = await Receiver.listens();
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const calls = await sms(admin, provider);
  const who = await makes(admin, "/customers", { name: "王芳", phone: "138-0013-8000" });
  const agent = await Staff.serves(browser, server.url, LIMIN);
  await opens(agent, `customers/${who}`);
  const { page } = agent;
  await page.getByRole("button", { name: "写消息" }).click();
  const dialog = page.getByRole("dialog", { name: "写消息给王芳" });
  const way = dialog.getByRole("radio", { name: /短信通道/ });
  await expect(way).toBeChecked();

  // They do not want it, and then they do.
  await dialog.getByRole("button", { name: "记为退订" }).click();
  await dialog.getByLabel("退订原因").fill("电话里说的");
  await dialog.getByRole("button", { name: "记为退订" }).click();
  await expect(dialog.getByText("客户已退订")).toBeVisible();
  await expect(way).toBeDisabled();
  await dialog.getByRole("button", { name: "恢复接收" }).click();
  await page.getByRole("dialog", { name: /^(?!写消息)/ }).getByRole("button", { name: "恢复接收" }).click();
  await expect(dialog.getByText("客户已退订")).toHaveCount(0);
  await expect(way).toBeEnabled();

  await dialog.getByLabel("内容").fill("您的快递到了。");
  await expect(dialog.getByText("7字 · 1条")).toBeVisible();
  await dialog.getByRole("button", { name: "发送" }).click();
  await expect(page).toHaveURL(/\/desk\/\d+/);
  await agent.hears("您的快递到了。");
  await expect.poll(() => left(provider)).toEqual([{ mobile: "13800138000", content: "【应答】您的快递到了。" }]);
  await calls({ id: "a1", mobile: "13800138000", content: "好的，谢谢" });
  await agent.hears("好的，谢谢");
  provider.close();
});

test("SYS-01: a letter is taken down with its scan, and waits on the desk under its serial number", async ({ browser, server }) => {
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  await channel(admin, { zh: "信函登记", en: "Post room" }, { type: "letter", prefix: "XF" });
  await channel(admin, { zh: "前台来访", en: "Front desk" }, { type: "walkin" });
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const { page } = agent;
  await page.getByRole("button", { name: "登记来函/来访" }).click();
  const dialog = page.getByRole("dialog", { name: "登记来函/来访" });
  await dialog.getByText("信函登记", { exact: true }).click();
  await dialog.getByLabel("姓名").fill("赵大爷");
  await dialog.getByLabel("电话").fill("13700137000");
  await dialog.getByLabel("事由").fill("投诉送货晚了三天");
  await dialog.locator("input[type=file]").setInputFiles(PICTURE);
  await expect(dialog.getByRole("listitem").filter({ hasText: PICTURE.name })).toContainText(/\d+ ?B/);
  await dialog.getByRole("button", { name: "登记", exact: true }).click();
  const serial = await dialog.getByLabel("登记编号").innerText();
  expect(serial).toMatch(/^XF\d{8}-0001$/);
  await dialog.getByRole("button", { name: "再登记一件" }).click();
  await expect(dialog.getByLabel("姓名")).toHaveValue("");
  await page.keyboard.press("Escape");
  await agent.opens("裙子.png");
  await agent.hears(`[${serial}] 投诉送货晚了三天`);
});

/** A batch of three, of whom one opted out. */
async function sendsBatch(admin: Staff): Promise<void> {
  const { page } = admin;
  await opens(admin, "admin/batches");
  await page.getByRole("button", { name: "新建群发" }).first().click();
  const dialog = page.getByRole("dialog", { name: "新建群发" });
  await dialog.getByLabel("名称").fill("双十一提醒");
  await dialog.getByLabel("内容").fill("{name}您好，预售今晚付尾款，退订回T");
  const receivers = dialog.getByLabel("接收人");
  await receivers.fill("13800000001,甲\n王五");
  await expect(dialog.getByText("第2行：不是电话号码")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "开始发送" })).toBeDisabled();
  await receivers.fill("13800000001,甲\n13800000002,乙\n138 0000 0001,甲\n13800000003,丙");
  await expect(dialog.getByText("3个号码 · 重复1行")).toBeVisible();
  await expect(dialog.getByText("甲您好，预售今晚付尾款，退订回T")).toBeVisible();
  await dialog.getByRole("button", { name: "开始发送" }).click();
  await page.getByRole("dialog", { name: /^(?!新建群发)/ }).getByRole("button", { name: "开始发送" }).click();
  await expect(page).toHaveURL(/\/admin\/batches\/\d+/);
}

test("SYS-10: a batch goes to those who want it, and each message tells what became of it", async ({ browser, server }) => {
  const provider = await Receiver.listens();
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const calls = await sms(admin, provider);
  await calls({ id: "s1", mobile: "13800000002", content: "退订" });
  await sendsBatch(admin);
  await expect.poll(() => left(provider).map((it) => it.content).filter((it) => it.includes("预售")).sort()).toEqual(["【应答】丙您好，预售今晚付尾款，退订回T", "【应答】甲您好，预售今晚付尾款，退订回T"].sort());
  const { page } = admin;
  await expect(page.getByRole("radio", { name: /失败 1/ })).toBeVisible();
  await expect(page.getByRole("radio", { name: /已发出 2/ })).toBeVisible();
  await calls({ mid: "m1", stat: "DELIVRD" });
  await expect(page.getByRole("radio", { name: /已送达 [12]/ })).toBeVisible();
  await page.locator(".el-radio-button").filter({ hasText: "失败" }).click();
  const row = page.getByRole("list", { name: "逐条情况" }).getByRole("listitem");
  await expect(row).toHaveCount(1);
  await expect(row).toContainText("客户已退订");
  provider.close();
});

test("writing first, the counter and batches, in several looks", async ({ browser, server }) => {
  test.setTimeout(420_000);
  const provider = await Receiver.listens();
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const calls = await sms(admin, provider);
  await channel(admin, { zh: "客服邮箱", en: "Help mailbox" }, { type: "mail", address: "help@shop.example", smtp: { host: "smtp.shop.example", port: 465, security: "tls" }, imap: { host: "imap.shop.example", port: 993, security: "tls" } });
  const who = await makes(admin, "/customers", { name: "王芳", phone: "13800138000", email: "wangfang@example.com" });
  const answer = await admin.page.request.put(`${server.url}/api/v1/customers/${who}/opt-out`, { headers: { "x-yingda": "1" }, data: { medium: "mail", out: true } });
  expect(answer.ok(), await answer.text()).toBe(true);
  await calls({ id: "s1", mobile: "13800000002", content: "退订" });
  await sendsBatch(admin);
  await expect(admin.page.getByRole("radio", { name: /失败 1/ })).toBeVisible();
  const batch = admin.page.url().match(/\d+$/)?.[0] ?? "";

  for (const look of SOME_LOOKS) {
    const page = await at(browser, server.url, ADMIN, look);
    await page.goto(`${server.url}/console/admin/batches`);
    await expect(page.getByRole("row").filter({ hasText: "双十一提醒" })).toBeVisible();
    await isDrawn(page, look, "batches");
    await page.goto(`${server.url}/console/admin/batches/${batch}`);
    await expect(page.getByText(/客户已退订|customer opted out/)).toBeVisible();
    await isDrawn(page, look, "batch-open");
    await page.goto(`${server.url}/console/admin/batches`);
    await page.getByRole("button", { name: /新建群发|New batch/ }).first().click();
    const made = page.getByRole("dialog");
    await made.getByLabel(/内容|Text/).fill("{name}您好，订单{order}今晚付尾款，退订回T");
    await made.getByLabel(/接收人|Receivers/).fill("13800000001,甲\n13800000002,乙\n王五");
    await isDrawn(page, look, "batch-new");
    await page.context().close();

    const desk = await at(browser, server.url, LIMIN, look);
    await desk.goto(`${server.url}/console/customers/${who}`);
    await expect(desk.getByRole("heading", { name: "王芳" })).toBeVisible();
    await isDrawn(desk, look, "customer-page");
    await desk.getByRole("button", { name: /写消息|^Write/ }).click();
    await desk.getByRole("dialog").getByLabel(/^(内容|Message)$/).fill("您的快递到了，请到前台领取。");
    await isDrawn(desk, look, "write");
    await desk.goto(`${server.url}/console/desk`);
    await desk.getByRole("button", { name: /登记来函|Take down/ }).click();
    await desk.getByRole("dialog").locator("input[type=file]").setInputFiles(PICTURE);
    await isDrawn(desk, look, "arrival");
    await desk.getByLabel(/姓名|Name/).fill("赵大爷");
    await desk.getByLabel(/事由|What it is about/).fill("投诉送货晚了三天");
    await desk.getByRole("button", { name: /^(登记|Take down)$/ }).click();
    await expect(desk.getByLabel(/登记编号|Serial number/)).toBeVisible();
    await isDrawn(desk, look, "arrival-done");
    await desk.context().close();
  }
  provider.close();
});

/** Somebody at the console, in one of the looks. */
async function at(browser: Browser, url: string, person: Person, look: Look): Promise<Page> {
  const context = await browser.newContext({ locale: look.locale, colorScheme: look.colorScheme, viewport: look.viewport });
  const page = await context.newPage();
  await page.goto(`${url}/console/`);
  await page.locator("input[name=login]").fill(person.login);
  await page.locator("input[name=password]").fill("yingda-demo");
  await page.locator("button[type=submit]").click();
  await expect(page.getByRole("navigation").first()).toBeVisible();
  return page;
}
