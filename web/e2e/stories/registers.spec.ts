// What comes and goes is taken down, and whom it concerns hears of it; a letter is answered on paper.

import { channel, makes } from "../sms.ts";
import { ADMIN, expect, LIMIN, Staff, SUPERVISOR, test } from "../stage.ts";

test("B-59: a visitor is taken down, the host hears of it, and who is not received is noticed", async ({ browser, server }) => {
  const host = await Staff.serves(browser, server.url, LIMIN);
  const front = await Staff.serves(browser, server.url, SUPERVISOR);
  const { page } = front;
  await makes(front, "/registers/barred", { book: "barred", name: "赵六", phone: "13800138000", reason: "曾在大厅闹事" });
  await page.goto(`${server.url}/console/registers/visit/new`);
  await page.getByRole("textbox", { name: "姓名或名称" }).fill("赵六");
  await page.getByRole("textbox", { name: "事由" }).fill("签合同");
  await page.getByRole("combobox", { name: "被访人" }).click();
  await page.getByRole("option", { name: LIMIN.name }).click();
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByRole("alert").getByText("曾在大厅闹事")).toBeVisible();
  await page.getByRole("button", { name: "已到访" }).click();
  await expect(page.getByRole("button", { name: "已离开" })).toBeVisible();
  await host.page.getByRole("button", { name: "通知", exact: true }).click();
  await host.page.getByRole("link", { name: /您的访客到了：赵六/ }).click();
  await expect(host.page).toHaveURL(/\/registers\/visit\/\d+/);
  await expect(host.page.getByRole("textbox", { name: "事由" })).toHaveValue("签合同");
});

test("SYS-01c: a letter is answered on paper from the desk", async ({ browser, server }) => {
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const post = await channel(admin, { zh: "信函登记", en: "Post room" }, { type: "letter", prefix: "XF" });
  const agent = await Staff.serves(browser, server.url, LIMIN);
  await makes(agent, `/channels/${post}/arrivals`, { name: "王芳", text: "来函询问退货", phone: "13700137000", email: "", files: [] });
  const { page } = agent;
  await agent.opens("来函询问退货");
  await page.getByRole("button", { name: "更多操作" }).click();
  await page.getByRole("menuitem", { name: "写信" }).click();
  const dialog = page.getByRole("dialog", { name: "写信" });
  await expect(dialog.getByLabel("收信人和地址，每行一项")).toHaveValue(/王芳/);
  await dialog.getByLabel("正文").fill("您好！退款已于今日办理。");
  await dialog.getByRole("button", { name: "生成信件" }).click();
  const link = dialog.getByRole("link", { name: "下载并打印PDF" });
  await expect(link).toBeVisible();
  const file = await page.request.get(new URL((await link.getAttribute("href")) ?? "", server.url).href);
  expect((await file.body()).subarray(0, 5).toString()).toBe("%PDF-");
  await dialog.getByRole("button", { name: "关闭", exact: true }).last().click();
  await page.goto(`${server.url}/console/registers/post`);
  await expect(page.getByText("王芳")).toBeVisible();
});

test("B-57: a parcel that two people change at once keeps what each of them wrote", async ({ browser, server }) => {
  const front = await Staff.signsIn(browser, server.url, SUPERVISOR);
  const { page } = front;
  await page.goto(`${server.url}/console/registers/post/new`);
  await page.getByRole("textbox", { name: "寄件人" }).fill("顺丰杭州");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(/\/registers\/post\/\d+/);
  const path = `/registers/post/${page.url().match(/\d+$/)?.[0]}`;
  await page.getByRole("textbox", { name: "单号", exact: true }).fill("SF123");
  await front.changes<{ version: number; entry: object }>(path, ({ entry }) => ({ ...entry, courier: "顺丰" }));
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByRole("textbox", { name: "快递公司" }), "what the other one wrote").toHaveValue("顺丰");
  await expect(page.getByRole("textbox", { name: "单号", exact: true }), "what was typed is not lost").toHaveValue("SF123");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByText("已保存").last()).toBeVisible();
  await expect.poll(() => front.asks<{ entry: object }>(path)).toMatchObject({ entry: { courier: "顺丰", tracking: "SF123", sender: "顺丰杭州" } });
});
