// A customer signs in to the portal by a code and finds nothing but what is their own, with script and without.

import { isUsableByAll } from "../axe.ts";
import { Receiver } from "../receiver.ts";
import { makes, smsChannel } from "../sms.ts";
import { ADMIN, expect, type Kept, Staff, test } from "../stage.ts";

/** The kind “feedback” of the shop's pack. */
const FEEDBACK = "1002004";

test("R-02: the portal lets nobody in without a code, is usable by all, and needs no script", async ({ browser, server }) => {
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const off = await admin.page.request.get(`${server.url}/portal`);
  expect(off.status(), "it is off until somebody turns it on").toBe(404);
  await admin.page.goto(`${server.url}/console/admin/settings`);
  const form = admin.page.getByRole("main");
  const portal = form.getByRole("group", { name: "开放客户门户（/portal）" });
  await portal.getByRole("switch").first().locator("xpath=..").click();
  await expect(portal.getByText("客户的请求开成")).toBeVisible();
  await form.getByRole("button", { name: "保存" }).click();
  await expect(admin.page.getByText("已保存").first()).toBeVisible();
  for (const javaScriptEnabled of [true, false]) {
    const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 390, height: 844 }, locale: "zh-CN" });
    const page = await context.newPage();
    await page.goto(`${server.url}/portal/tickets/1`);
    await expect(page, "whoever is not signed in is led to the door").toHaveURL(/\/portal\?lang=zh$/);
    if (javaScriptEnabled) await isUsableByAll(page.mainFrame(), "the portal's door");
    await page.screenshot({ path: test.info().outputPath(`door-${javaScriptEnabled}.png`) });
    await page.getByRole("textbox", { name: "手机号或邮箱" }).fill("call me");
    await page.getByRole("button", { name: "获取验证码" }).click();
    await expect(page.getByRole("alert")).toHaveText("请填写手机号或邮箱地址。");
    await expect(page.getByRole("textbox", { name: "手机号或邮箱" }), "what was written stays").toHaveValue("call me");
    if (javaScriptEnabled) await isUsableByAll(page.mainFrame(), "the portal's door with a fault");
  }
});

test("R-02: a customer reads and answers their own request on a phone, with script and without", async ({ browser, server }) => {
  const provider = await Receiver.listens();
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  await smsChannel(admin, provider);
  const [settings] = (await admin.asks<{ items: (Kept & { id: string })[] }>("/records/settings")).items;
  if (!settings) throw new Error("no settings");
  const put = await admin.page.request.put(`${server.url}/api/v1/records/settings/${settings.id}`, {
    headers: { "x-yingda": "1", "if-match": `"${settings.version}"` }, data: { ...settings.record, portal: { requests: FEEDBACK } },
  });
  expect(put.ok(), await put.text()).toBe(true);
  for (const [javaScriptEnabled, phone, colorScheme] of [[true, "13800138111", "light"], [false, "13800138222", "dark"]] as const) {
    const customer = await makes(admin, "/customers", { name: "门户客户", phone });
    const id = await makes(admin, "/tickets", { of: FEEDBACK, title: "杯子少了一个盖子", customer, values: { content: "少了一个盖子" } });
    await makes(admin, `/tickets/${id}/acts`, { act: "note", text: "盖子今天补寄", told: true });
    await makes(admin, `/tickets/${id}/acts`, { act: "note", text: "内部：仓库漏装" });

    const context = await browser.newContext({ javaScriptEnabled, colorScheme, viewport: { width: 390, height: 844 }, locale: "zh-CN" });
    const page = await context.newPage();
    await page.goto(`${server.url}/portal`);
    await page.getByRole("textbox", { name: "手机号或邮箱" }).fill(phone);
    await page.getByRole("button", { name: "获取验证码" }).click();
    await expect.poll(() => provider.heard.filter((it) => it.includes(phone)).length).toBe(1);
    const code = /验证码(\d{6})/.exec(provider.heard.find((it) => it.includes(phone)) ?? "")?.[1] ?? "";
    await page.getByRole("textbox", { name: "验证码" }).fill(code);
    await page.getByRole("button", { name: "登录" }).click();
    await expect(page.getByRole("heading", { name: "我的工单" })).toBeVisible();
    if (javaScriptEnabled) await isUsableByAll(page.mainFrame(), "the portal");
    await page.screenshot({ path: test.info().outputPath(`home-${colorScheme}.png`), fullPage: true });
    await page.getByRole("link", { name: "杯子少了一个盖子" }).click();
    await expect(page.getByText("盖子今天补寄")).toBeVisible();
    await expect(page.getByText("仓库漏装"), "what is for colleagues stays with them").toHaveCount(0);
    await page.getByRole("textbox", { name: "您想告诉我们的" }).fill("谢谢，请寄到新地址");
    await page.getByRole("button", { name: "发送" }).click();
    await expect(page.getByText("谢谢，请寄到新地址")).toBeVisible();
    if (javaScriptEnabled) await isUsableByAll(page.mainFrame(), "a ticket on the portal");
    await page.screenshot({ path: test.info().outputPath(`ticket-${colorScheme}.png`), fullPage: true });
    await page.getByRole("link", { name: "← 我的服务" }).click();
    await page.getByRole("button", { name: "退出登录" }).click();
    await expect(page.getByRole("button", { name: "获取验证码" })).toBeVisible();
    await page.goto(`${server.url}/portal/tickets/${id}`);
    await expect(page, "one is out").toHaveURL(/\/portal\?/);
  }
  provider.close();
});
