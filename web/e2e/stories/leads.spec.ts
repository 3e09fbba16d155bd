// Customers sorted by what they have in common, leads that somebody follows up, and everything about one person.

import { isDrawnAround } from "../picture.ts";
import { ADMIN, expect, LIMIN, Staff, test } from "../stage.ts";
import { makes } from "../sms.ts";

test("B-37: an administrator writes a segment, and its customers are counted and listed", async ({ browser, server }) => {
  const staff = await Staff.signsIn(browser, server.url, ADMIN);
  const { page } = staff;
  await makes(staff, "/customers", { name: "贵宾一", phone: "13712348001", vip: true });
  await page.goto(`${server.url}/console/admin/segment/new`);
  await page.getByRole("textbox", { name: /名称.*中文/ }).fill("新来的贵宾");
  await page.getByRole("textbox", { name: /名称.*英文/ }).fill("New VIPs");
  const conditions = page.getByRole("group", { name: "条件" });
  await conditions.getByRole("combobox", { name: "看什么" }).click({ force: true });
  await page.getByRole("option", { name: "建档天数" }).click();
  await conditions.getByRole("combobox", { name: "怎样比较" }).click({ force: true });
  await page.getByRole("option", { name: "小于" }).click();
  await conditions.getByRole("textbox", { name: "比较的值" }).fill("1");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page.getByRole("heading", { name: "成员" })).toBeVisible();
  await expect(page.getByText(/上次更新：/)).toBeVisible({ timeout: 20_000 });
  await isDrawnAround(page, "segment");
  await page.getByRole("link", { name: "查看名单" }).click();
  await expect(page.getByRole("link", { name: /贵宾一/ })).toBeVisible();
});

test("B-46: a lead is written down, followed up and finished, and stands in the customer's story", async ({ browser, server }) => {
  const agent = await Staff.signsIn(browser, server.url, LIMIN);
  const { page } = agent;
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const customer = await makes(admin, "/customers", { name: "周到", phone: "13712348002" });
  await page.goto(`${server.url}/console/customers?view=left`);
  await page.getByRole("button", { name: "登记线索" }).click();
  const dialog = page.getByRole("dialog", { name: "登记线索" });
  await dialog.getByRole("button", { name: "登记线索" }).click();
  await expect(dialog.getByRole("alert")).toBeVisible();
  await dialog.getByRole("textbox", { name: "姓名" }).fill("周到");
  await dialog.getByRole("textbox", { name: "电话" }).fill("13712348002");
  await dialog.getByRole("textbox", { name: "需求" }).fill("想订办公室用的咖啡机");
  await dialog.getByRole("button", { name: "登记线索" }).click();
  await page.getByRole("button", { name: "由我处理" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "分给" })).toContainText(LIMIN.name);
  await page.getByRole("textbox", { name: /联系经过/ }).fill("已通话，周五到店看样机");
  await page.getByRole("button", { name: "记录联系" }).click();
  await expect(page.getByText("已通话，周五到店看样机")).toBeVisible();
  await isDrawnAround(page, "lead");
  await page.getByRole("button", { name: "处理完毕" }).click();
  await expect(page.getByRole("button", { name: "重新跟进" })).toBeVisible();

  await page.goto(`${server.url}/console/customers/${customer}`);
  const story = page.getByRole("listitem").filter({ hasText: "想订办公室用的咖啡机" });
  await expect(story).toContainText("线索");
  await expect(page.getByRole("listitem").filter({ hasText: "建档" })).toBeVisible();
  await isDrawnAround(page, "customer-story");
  await page.getByRole("combobox", { name: "显示" }).click({ force: true });
  await page.getByRole("option", { name: "客户资料" }).click();
  await expect(story).toHaveCount(0);
});
