// Two records of one person become one, and a promise is not forgotten.

import { expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

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
  await expect(page).toHaveURL(left);
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
