// What an administrator looks after once the shop is open: who gets the news, who did what, the holidays, and who stays out.

import { readFile } from "node:fs/promises";
import { ADMIN, expect, LIMIN, Staff, test, Visitor } from "../stage.ts";
import { Receiver } from "../receiver.ts";

test("SYS-73: what a receiver refused is found among the given up, sent again, and arrives", async ({ browser, server }) => {
  const receiver = await Receiver.listens();
  receiver.status = 500;
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  await page.goto(`${server.url}/console/admin/webhook/new`);
  await editor.getByLabel("名称", { exact: true }).fill("订单系统");
  // As it comes out of a mail, with a blank behind it.
  await editor.getByLabel("地址", { exact: true }).fill(`${receiver.url} `);
  await editor.getByRole("combobox", { name: "事件" }).fill("record_changed");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/webhook\/\d+/);
  await expect(editor.getByLabel("签名密钥")).toHaveText(/^whsec_\w+$/);

  // Its own making is the first news: refused twelve times and put aside.
  await editor.getByText("已放弃", { exact: true }).click();
  const row = editor.getByRole("listitem").filter({ hasText: "record_changed" });
  await expect(async () => {
    await editor.getByRole("button", { name: "刷新" }).click();
    await expect(row).toContainText("尝试12次 · 500", { timeout: 1_000 });
  }).toPass();
  expect(receiver.heard).toHaveLength(12);

  receiver.status = 200;
  await row.getByRole("button", { name: "重新发送" }).click();
  await expect(page.getByText("已排队重新发送")).toBeVisible();
  await editor.getByText("已送达", { exact: true }).click();
  await expect(async () => {
    await editor.getByRole("button", { name: "刷新" }).click();
    await expect(row).toContainText("尝试13次 · 200", { timeout: 1_000 });
  }).toPass();
  expect(new Set(receiver.heard).size, "the same words each time").toBe(1);

  // The secret stands there once, and does not bar the way to the next one.
  await page.getByRole("button", { name: "新建Webhook" }).click();
  await expect(editor.getByLabel("名称", { exact: true })).toHaveValue("");
  await page.goBack();
  await expect(editor.getByLabel("名称", { exact: true })).toHaveValue("订单系统");
  await expect(editor.getByLabel("签名密钥")).toHaveCount(0);
  receiver.close();
});

test("SYS-42: the audit log is narrowed, taken home as a table, in the words of people", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  await page.goto(`${server.url}/console/admin/user/new`);
  await editor.getByLabel("姓名", { exact: true }).fill("=1+1");
  await editor.getByLabel("登录名", { exact: true }).fill("sums");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/user\/\d+/);
  const id = page.url().match(/\d+$/)?.[0];

  await page.goto(`${server.url}/console/audit?kind=record_changed`);
  const log = page.getByRole("grid", { name: "审计" });
  await expect(log.getByRole("row").nth(3)).toBeVisible();
  const on = page.getByRole("textbox", { name: "对象" });
  await on.fill("某人");
  await expect(page.getByText("对象写成“类别:编号”")).toBeVisible();
  await on.fill(`record：${id}`);
  await expect(page.getByText("对象写成“类别:编号”")).toHaveCount(0);
  await expect(log.getByRole("row")).toHaveCount(2);
  await log.getByText("用户 =1+1 （新建）").click();
  // In the words of the editor.
  await expect(page.getByRole("row", { name: "登录名 sums" })).toBeVisible();

  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "导出" }).click();
  await page.getByRole("menuitem", { name: "CSV" }).click();
  const table = await readFile(await (await coming).path(), "utf8");
  const [head, ...lines] = table.trimEnd().split("\r\n");
  expect(head).toBe("\ufeff序号,时间（UTC）,操作者,姓名,对象,类型,内容,变更,哈希");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(new RegExp(`,user:\\d+,${ADMIN.name},record:${id},record_changed,`));
});

test("a holiday and a day worked instead are written, changed and taken away again", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  await page.goto(`${server.url}/console/admin/calendar`);
  await page.getByRole("grid", { name: "营业时间" }).getByRole("row").nth(1).click();
  const save = page.getByRole("button", { name: "保存", exact: true });
  const saves = async () => {
    await save.click();
    await expect(save).toBeDisabled();
  };
  const adds = async (date: string, name: string) => {
    const field = editor.getByRole("combobox", { name: "日期" });
    await field.fill(date);
    await field.press("Enter");
    await editor.getByRole("button", { name: "添加特殊日" }).click();
    await expect(editor.getByLabel(`${date} 名称 (中文)`)).toBeFocused();
    await page.keyboard.type(name);
  };
  const [holiday, instead] = ["2031-10-01", "2031-10-11"];
  await adds(holiday, "国庆节");
  await adds(instead, "国庆节调休");
  const hours = editor.getByLabel(`${instead} 营业时间`);
  await hours.fill("9：00至12：00，13-18");
  await hours.press("Tab");
  await expect(hours).toHaveValue("09:00-12:00  13:00-18:00");
  await saves();

  // Hours that nobody can read are not passed over.
  await hours.fill("下午");
  await editor.getByLabel(`${instead} 名称 (中文)`).fill("国庆补班");
  await expect(editor.getByText("请写成09:00-12:00 13:30-18:00")).toBeVisible();
  await save.click();
  await expect(hours).toBeFocused();
  await expect(save).toBeEnabled();
  await hours.fill("10-16");
  await hours.press("Tab");
  await saves();
  await page.reload();
  await expect(hours).toHaveValue("10:00-16:00");
  await expect(editor.getByLabel(`${instead} 名称 (中文)`)).toHaveValue("国庆补班");
  await expect(editor.getByLabel(`${holiday} 营业时间`)).toHaveValue("");

  // With its last day a year goes, and the others are there.
  await editor.getByText("2031", { exact: true }).click();
  await editor.getByRole("button", { name: `删除${holiday}` }).click();
  await editor.getByRole("button", { name: `删除${instead}` }).click();
  await expect(editor.getByLabel(/^\d{4}-01-01 名称 \(中文\)$/).first()).toBeVisible();
  await saves();
  await page.getByRole("button", { name: "更多操作" }).click();
  await page.getByRole("menuitem", { name: "修改记录" }).click();
  const history = page.getByRole("dialog", { name: "修改记录" });
  await expect(history.getByRole("row", { name: `特殊日 › ${instead} › 时段 10:00-16:00` })).toBeVisible();
});

test("SYS-42: an address is shut out from the list of bans, and let in again", async ({ browser, server }) => {
  await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.opens();
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  await page.goto(`${server.url}/console/admin/ban/new`);
  const address = editor.getByLabel("编号或地址");
  await address.fill("隔壁老王");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(editor.getByText("不是有效的 IP 地址。")).toBeVisible();
  await address.fill(" 127.0.0.1 ");
  await editor.getByLabel("原因").fill("广告");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/ban\/\d+/);
  await visitor.page.reload();
  await expect(visitor.frame.getByRole("alert")).toContainText("您暂时不能发起会话");

  await page.getByRole("button", { name: "更多操作" }).click();
  await page.getByRole("menuitem", { name: "删除", exact: true }).click();
  await expect(page.getByText("已删除“127.0.0.1”")).toBeVisible();
  await expect(page.getByText("还没有黑名单")).toBeVisible();
  await visitor.page.reload();
  await expect(visitor.composer).toBeVisible();
});
