// At the door.

import { expect, LIMIN, Staff, test } from "../stage.ts";

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
