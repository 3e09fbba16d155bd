// Two records of one person become one, and a promise is not forgotten.

import { Receiver } from "../receiver.ts";
import { makes, smsChannel } from "../sms.ts";
import { ADMIN, expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

test("SYS-25: two records of one person become one in the console", async ({ browser, server }) => {
  const staff = await Staff.signsIn(browser, server.url, SUPERVISOR);
  const { page } = staff;
  const make = async (name: string, phone: string) => {
    await page.goto(`${server.url}/console/customers/new`);
    await page.getByRole("textbox", { name: "姓名", exact: true }).fill(name);
    await page.getByRole("textbox", { name: "电话", exact: true }).fill(phone);
    await page.getByRole("button", { name: "保存" }).click();
    await expect(page).toHaveURL(/\/customers\/\d+/);
    return page.url();
  };
  await make("老周旧资料", "13700002222");
  const left = await make("周建军", "13700001111");
  await page.getByRole("button", { name: "合并", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox").fill("13700002222");
  await page.getByRole("option", { name: /老周旧资料/ }).click();
  await dialog.getByRole("button", { name: "合并", exact: true }).click();
  await expect(page.getByText("已合并")).toBeVisible();
  // The old number leads to the one who is left.
  await page.goto(`${server.url}/console/customers`);
  await page.getByPlaceholder("姓名、拼音、电话、邮箱").fill("13700002222");
  await page.getByRole("link", { name: /周建军/ }).first().click();
  await expect.poll(() => page.url().split("?")[0]).toBe(left);

  // It was a mistake.
  await page.getByRole("region", { name: "同一个人" }).getByRole("button", { name: "撤销合并" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "撤销合并" }).click();
  await expect(page.getByText("已撤销合并")).toBeVisible();
  await page.getByPlaceholder("姓名、拼音、电话、邮箱").fill("老周旧资料");
  await expect(page.getByRole("link", { name: /老周旧资料/ })).toBeVisible();
});

test("B-05: what is hidden of a customer opens when they type the code in the widget", async ({ browser, server }) => {
  const provider = await Receiver.listens();
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  await smsChannel(admin, provider);
  const customer = await makes(admin, "/customers", { name: "王芳", phone: "13800138000" });
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("我的订单到哪里了");
  const id = await agent.opens("我的订单到哪里了");
  await makes(agent, `/conversations/${id}/acts`, { do: "link_customer", customer });
  const { page } = agent;
  const phone = page.getByRole("textbox", { name: "电话", exact: true });
  await expect(phone).toHaveValue("138******00");
  const card = page.getByRole("region", { name: "身份核验" });
  await card.getByRole("button", { name: "发送验证码" }).click();
  await expect.poll(() => provider.heard.length).toBe(1);
  const left = JSON.parse(provider.heard[0] ?? "{}") as { mobile: string; content: string };
  expect(left.mobile).toBe("13800138000");
  const code = /验证码(\d{6})/.exec(left.content)?.[1] ?? "";
  const box = visitor.frame.getByLabel("验证码", { exact: true });
  await box.fill(code === "123456" ? "654321" : "123456");
  await visitor.frame.getByRole("button", { name: "提交" }).click();
  await expect(visitor.frame.getByRole("alert").getByText("验证码不正确")).toBeVisible();
  await expect(phone).toHaveValue("138******00");
  await box.fill(code);
  await visitor.frame.getByRole("button", { name: "提交" }).click();
  await visitor.hears("身份已核验");
  await expect(phone).toHaveValue("13800138000");
  await expect(card.getByText(/已核验，到/)).toBeVisible();
  provider.close();
});

test("B-05: a visitor proves who they are by themselves, and is the customer who has the number", async ({ browser, server }) => {
  const provider = await Receiver.listens();
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  await smsChannel(admin, provider);
  await makes(admin, "/customers", { name: "王芳", phone: "13800138000" });
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("我想改收货地址");
  await agent.opens("我想改收货地址");
  await agent.writes("请先核验身份。");
  await visitor.frame.getByRole("button", { name: "更多" }).click();
  await visitor.frame.getByRole("menuitem", { name: "核验身份" }).click();
  await visitor.frame.getByLabel("手机号或邮箱", { exact: true }).fill("138 0013 8000");
  await visitor.frame.getByRole("button", { name: "发送验证码" }).click();
  await expect.poll(() => provider.heard.length).toBe(1);
  const code = /验证码(\d{6})/.exec(provider.heard[0] ?? "")?.[1] ?? "";
  await visitor.frame.getByLabel("验证码", { exact: true }).fill(code);
  await visitor.frame.getByRole("button", { name: "提交" }).click();
  await visitor.hears("身份已核验");
  await expect(agent.page.getByRole("region", { name: "身份核验" }).getByText(/已核验，到/)).toBeVisible();
  await expect(agent.page.getByRole("textbox", { name: "姓名", exact: true })).toHaveValue("王芳");
  provider.close();
});

test("SYS-22: who promised to come back is reminded", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("下周有货吗");
  const id = await agent.opens("下周有货吗");
  await agent.page.goto(`${server.url}/console/conversations`);
  // The dialog offers minutes and days; the promise for the next moment is made over the same API.
  const made = await agent.page.request.post(`${server.url}/api/v1/conversations/${id}/acts`, {
    headers: { "x-yingda": "console" },
    data: { do: "follow_up", at: Date.now() + 1_000, text: "到货后告诉客户" },
  });
  expect(made.ok(), await made.text()).toBe(true);
  await agent.page.getByRole("button", { name: "通知", exact: true }).click();
  await expect(agent.page.locator(`a[href*="${id}"]`, { hasText: "该跟进了" })).toBeVisible({ timeout: 20_000 });
  await agent.page.goto(`${server.url}/console/conversations?view=follow`);
  await expect(agent.page.getByRole("main").getByText("下周有货吗").first()).toBeVisible();
});
