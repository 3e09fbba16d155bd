// The visitor's side: invited, alone, and without script.

import { ADMIN, expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

test("SYS-74, Q-10: who stays on the price page is invited once, and accepting opens the chat", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const boss = await Staff.signsIn(browser, server.url, ADMIN);
  type Rule = { version: number; record: object };
  await boss.changes<Rule>("/records/invitation/1000801", (now) => ({ ...now.record, dwell_s: 1 }));

  const visitor = await Visitor.comes(browser, server.url, "/demo/price.html");
  const card = visitor.page.locator("#yingda .i");
  await expect(card).toBeVisible();
  const words = await card.locator("span").innerText();
  expect(words).toMatch(/新客首单立减|需要帮您选一款/);
  await card.locator("button").first().click();
  await expect(visitor.composer).toBeVisible();
  await expect(visitor.frame.getByText(words)).toBeVisible();
  await visitor.writes("是的，预算两百");
  const form = visitor.frame.getByRole("form", { name: "开始之前" });
  await form.locator(".consent input[type=checkbox]").check();
  await form.getByRole("button", { name: "开始咨询" }).click();
  await agent.opens("是的，预算两百");

  // Not again within its hours.
  const again = await visitor.page.context().newPage();
  await again.goto(`${server.url}/demo/price.html`);
  await expect(again.locator("#yingda button.b")).toBeVisible();
  await expect(again.locator("#yingda .i")).toBeHidden();
});

test("SYS-74: a supervisor sees who browses and speaks first", async ({ browser, server }) => {
  await Staff.serves(browser, server.url, LIMIN);
  const { page } = await Staff.signsIn(browser, server.url, SUPERVISOR);
  const visitor = await Visitor.comes(browser, server.url, "/demo/product.html");
  await page.goto(`${server.url}/console/visitors`);
  await page.getByRole("row").filter({ hasText: "/demo/product.html" }).click();
  await page.getByRole("button", { name: "邀请咨询" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("您好，这盏灯今天包邮。");
  await dialog.getByRole("button", { name: "邀请咨询" }).click();
  const card = visitor.page.locator("#yingda .i");
  await expect(card).toContainText("您好，这盏灯今天包邮。");
  await card.locator("button").first().click();
  await expect(visitor.frame.getByText("您好，这盏灯今天包邮。")).toBeVisible();
});

test("SYS-01d: with nobody there the offline form makes a lead that staff find", async ({ browser, server }) => {
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.page.locator("#yingda button.b").click();
  const form = visitor.frame.getByRole("form", { name: "给我们留言" });
  await form.getByLabel("称呼").fill("林女士");
  await form.getByLabel("手机").fill("13800001234");
  await form.getByLabel("留言").fill("想订十套桌椅");
  const consent = form.locator(".consent input[type=checkbox]");
  if (await consent.count()) await consent.check();
  await form.getByRole("button", { name: "提交留言" }).click();
  await expect(visitor.frame.getByRole("heading", { name: "留言已收到" })).toBeVisible();
  const boss = await Staff.signsIn(browser, server.url, SUPERVISOR);
  type Lead = { fields: Record<string, string>; status: string };
  const leads = await boss.asks<{ items: Lead[] }>("/leads?status=new");
  expect(leads.items.filter((lead) => lead.fields.message === "想订十套桌椅")).toHaveLength(1);
});

test("SYS-01f: at 320 pixels and without script a visitor leaves a message and later reads the answer", async ({ browser, server }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: "zh-CN", viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  await page.goto(`${server.url}/chat/2000001`);
  await page.getByLabel(/称呼/).fill("老周");
  await page.getByLabel(/手机/).fill("13800005678");
  await page.getByLabel(/留言/).fill("没有脚本也能留言吗？");
  for (const tick of await page.locator("input[type=checkbox]").all()) await tick.check();
  await page.locator("form [type=submit], form button").first().click();
  await expect(page.getByText("没有脚本也能留言吗？")).toBeVisible();
  const width = (await page.locator("body").boundingBox())?.width ?? 0;
  expect(width, "nothing is wider than the phone").toBeLessThanOrEqual(320);

  const boss = await Staff.signsIn(browser, server.url, SUPERVISOR);
  type Lead = { id: string; version: number; fields: Record<string, string> };
  const leads = await boss.asks<{ items: Lead[] }>("/leads?status=new");
  const lead = leads.items.find((it) => it.fields.message === "没有脚本也能留言吗？");
  // A lead is read in its list and changed by its own address.
  const answered = await boss.page.request.put(`${server.url}/api/v1/leads/${lead?.id}`, {
    headers: { "if-match": `"${lead?.version}"`, "x-yingda": "1" },
    data: { status: "done", answer: "当然可以，已收到。" },
  });
  expect(answered.ok(), await answered.text()).toBe(true);
  await page.reload();
  await expect(page.getByText("当然可以，已收到。")).toBeVisible();
  await context.close();
});
