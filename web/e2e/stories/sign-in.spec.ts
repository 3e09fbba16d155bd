// At the door.

import { expect, LIMIN, Staff, test } from "../stage.ts";
import { code } from "../totp.ts";

test("SYS-42, Q-12: after five wrong passwords the sixth try is refused, even with the right one", async ({ page }) => {
  await page.goto("/console/");
  const tries = async (password: string) => {
    await page.getByLabel("账号").fill("liuyang");
    await page.getByLabel("密码", { exact: true }).fill(password);
    const answered = page.waitForResponse((answer) => answer.url().endsWith("/api/v1/session"));
    await page.getByRole("button", { name: "登录", exact: true }).click();
    return (await answered).status();
  };
  for (let n = 1; n <= 5; n += 1) {
    expect(await tries(`wrong-password-${n}`)).toBeGreaterThanOrEqual(400);
    await expect(page.getByRole("alert")).toBeVisible();
  }
  expect(await tries("yingda-demo")).toBeGreaterThanOrEqual(400);
  await expect(page.getByRole("alert")).toContainText("锁定");
  await expect(page).toHaveURL(/sign-in/);
});

test("SYS-42: what a role may not use is neither shown nor served", async ({ browser, server }) => {
  const agent = await Staff.signsIn(browser, server.url, LIMIN);
  await expect(agent.page.getByRole("navigation").getByText("管理")).toHaveCount(0);
  for (const path of ["/audit", "/records/webhook", "/keys"]) {
    const answer = await agent.page.request.get(`${server.url}/api/v1${path}`);
    expect([403, 404], `${path} was answered ${answer.status()}`).toContain(answer.status());
  }
  await agent.page.goto(`${server.url}/console/admin`);
  // Who may not enter is led to the first room of their own.
  await expect(agent.page).toHaveURL(/\/console\/desk/);
  await expect(agent.page.getByRole("region", { name: "会话列表" })).toBeVisible();
});

test("SYS-42: a second factor is turned on, asked for, and turned off again", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, LIMIN);
  await page.goto(`${server.url}/console/settings`);
  await page.getByRole("button", { name: "开启两步验证" }).click();
  const secret = await page.locator("code").innerText();
  await page.getByRole("textbox", { name: "应用显示的6位数字" }).fill(code(secret));
  await page.getByRole("button", { name: "确认开启" }).click();
  await expect(page.getByText("已开启。登录时需要身份验证器里的6位数字。")).toBeVisible();

  await page.getByRole("button", { name: "个人菜单" }).click();
  await page.getByRole("menuitem", { name: "退出登录" }).click();
  await page.locator("input[name=login]").fill(LIMIN.login);
  await page.locator("input[name=password]").fill("yingda-demo");
  await page.getByRole("button", { name: "登录", exact: true }).click();
  const digits = page.getByRole("textbox", { name: "动态验证码" });
  await expect(digits).toBeFocused();
  // A digit off: refused in words, and the field is free for the next try.
  await digits.fill(code(secret, 1_000));
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await expect(page.getByRole("main").getByRole("alert")).toContainText("验证码");
  await expect(digits).toHaveValue("");
  // A code works once: the next step's, which a clock a little fast would show.
  await digits.fill(code(secret, 1));
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await expect(page.getByRole("navigation").first()).toBeVisible();

  await page.goto(`${server.url}/console/settings`);
  await page.getByRole("button", { name: "关闭两步验证" }).click();
  const off = page.getByRole("textbox", { name: "应用显示的6位数字" });
  await expect(async () => {
    await off.fill(code(secret, 1));
    await page.getByRole("button", { name: "关闭两步验证" }).click();
    await expect(page.getByText("未开启。")).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 90_000 });
});
