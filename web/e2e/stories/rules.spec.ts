// Something is done by itself: an administrator says when, if and what, tries it on the past, and it works at once.

import { ADMIN, expect, Staff, test } from "../stage.ts";

test("SYS-21, B-32, B-50: a new kind with three states and a time limit, and a rule that opens its revisit", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  await page.goto(`${server.url}/console/admin/ticket_type/new`);
  const editor = page.getByRole("main").locator("form");
  await editor.getByRole("textbox", { name: "名称 (中文)" }).first().fill("上门安装");
  await editor.getByRole("textbox", { name: "名称 (英文)" }).first().fill("Installation");
  await editor.getByRole("textbox", { name: "编号前缀" }).fill("SMAZ");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/ticket_type\/\d+/);

  await page.goto(`${server.url}/console/admin/rule/new`);
  const choose = async (name: string, option: string, nth = 0) => {
    await editor.getByRole("combobox", { name, exact: true }).nth(nth).click({ force: true });
    await page.getByRole("option", { name: option, exact: true }).locator("visible=true").click();
    await page.keyboard.press("Escape");
  };
  await editor.getByRole("textbox", { name: "名称 (中文)" }).first().fill("安装后回访");
  await editor.getByRole("textbox", { name: "名称 (英文)" }).first().fill("Revisit");
  await choose("当", "工单进入新的状态");
  await editor.getByRole("button", { name: "添加条件" }).click();
  await choose("比较的值", "上门安装");
  await editor.getByRole("button", { name: "添加条件" }).click();
  await choose("看什么", "状态", 1);
  await choose("比较的值", "已完成", 1);
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(editor.getByRole("alert").first(), "what is missing is said where it is missing").toBeVisible();
  await choose("工单类型", "上门安装");
  await choose("负责人", ADMIN.name);
  await editor.getByRole("textbox", { name: "标题", exact: true }).fill("回访 {serial}");
  await editor.getByRole("button", { name: "用历史试一试" }).click();
  await expect(editor.getByText("次事件中会触发0次")).toBeVisible();
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/rule\/\d+/);
  const rule = page.url();

  await page.getByRole("link", { name: "工单", exact: true }).click();
  await page.getByRole("button", { name: "新建工单" }).click();
  const dialog = page.getByRole("dialog", { name: "新建工单" });
  await dialog.getByRole("combobox", { name: "工单类型" }).click({ force: true });
  await page.getByRole("option", { name: "上门安装" }).locator("visible=true").click();
  await dialog.getByRole("textbox", { name: "标题" }).fill("周六上午装空调");
  await dialog.getByRole("button", { name: "建单" }).click();
  await expect(page).toHaveURL(/\/tickets\/\d+/);
  const moves = page.getByRole("group", { name: "办理" });
  await moves.getByRole("button", { name: "开始处理" }).click();
  await moves.getByRole("button", { name: "完成" }).click();
  await expect(page.getByRole("link", { name: /回访 SMAZ/ }).first(), "its revisit is there by itself").toBeVisible();

  await page.goto(rule);
  await expect(editor.getByText("已执行", { exact: true }).locator("visible=true").last()).toBeVisible();
  await expect(editor.getByRole("link", { name: /周六上午装空调/ })).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("rule.png") });
});

test("B-33: a plan of visits shows how far it is and what is behind", async ({ browser, server }) => {
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const { page } = admin;
  const post = async (path: string, data: object) => {
    const made = await page.request.post(`${server.url}/api/v1${path}`, { data, headers: { "x-yingda": "1" } });
    expect(made.ok(), await made.text()).toBe(true);
  };
  await post("/packs/property/install", {});
  await post("/customers", { name: "拜访甲", phone: "13900001111", vip: true });
  await page.goto(`${server.url}/console/plans`);
  await page.getByRole("button", { name: "新建计划" }).click();
  const dialog = page.getByRole("dialog", { name: "新建计划" });
  await dialog.getByRole("button", { name: "生成计划" }).click();
  await expect(dialog.getByText("必填").first()).toBeVisible();
  await dialog.getByRole("textbox", { name: "计划名称" }).fill("VIP 季度拜访");
  await dialog.getByText("只选VIP客户").click();
  await dialog.getByRole("combobox", { name: "由谁拜访" }).click({ force: true });
  await page.getByRole("option").locator("visible=true").first().click();
  await page.keyboard.press("Escape");
  await dialog.getByRole("button", { name: "生成计划" }).click();
  await expect(page).toHaveURL(/\/plans\/\d+/);
  await expect(page.getByRole("group", { name: "拜访清单" })).toBeVisible();
  await expect(page.getByRole("list", { name: "拜访清单" }).getByText("拜访甲")).toBeVisible();
  await expect(page.getByRole("list", { name: "拜访清单" }).getByRole("link", { name: /^(HF|YF)/ }).first()).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("plan.png") });
});
