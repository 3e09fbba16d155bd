// What a customer was promised is kept in time, and the indicator says so; a trade's kinds of tickets come as a pack.

import { ADMIN, expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

test("B-02, K-30: an agent promises in a conversation and keeps it, and the indicator counts it", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("退款什么时候到账？");
  await agent.opens("退款什么时候到账？");
  const { page } = agent;
  await agent.chooses("承诺…");
  const asks = page.getByRole("dialog", { name: "向客户承诺" });
  await asks.getByRole("textbox", { name: "承诺内容" }).fill("查清退款并回电");
  await asks.getByRole("button", { name: /^30分钟/ }).click();
  await expect(asks).toBeHidden();
  await expect(agent.conversation.getByRole("img", { name: /承诺 · 剩(29|30)分钟/ }), "it stands over the conversation").toBeVisible();

  await page.goto(`${server.url}/console/tickets?view=promises`);
  const open = page.getByRole("main").getByText("查清退款并回电", { exact: true });
  await expect(open).toBeVisible();
  await page.getByRole("button", { name: "兑现", exact: true }).click();
  const keeps = page.getByRole("dialog", { name: "兑现承诺" });
  await keeps.getByRole("textbox", { name: /做了什么/ }).fill("已回电，周三到账");
  await keeps.getByRole("button", { name: "兑现", exact: true }).click();
  await expect(keeps).toBeHidden();
  await expect(open, "what is kept is not owed any more").toBeHidden();

  // It counts in the period in which it was due, which is not over yet; near midnight that is tomorrow.
  const day = 86_400_000;
  const [from, to] = [Date.now() - day, Date.now() + day];
  const leader = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await leader.page.goto(`${server.url}/console/reports/indicators?from=${from}&to=${to}`);
  const counted = leader.page.getByRole("button", { name: /^承诺兑现率：计入的\d+件$/ });
  await expect(counted).not.toHaveText("0");
  const all = Number(await counted.innerText());
  await counted.click();
  const cases = leader.page.getByRole("region", { name: "承诺兑现率", exact: true });
  await expect(cases.getByRole("link", { name: "查清退款并回电" })).toBeVisible();
  await expect(cases.getByRole("radio", { name: `全部 ${all}` }), "the number is that of the rows").toBeChecked();
});

test("SYS-21: an administrator installs the pack of a trade, and its kinds of tickets are there", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  await page.goto(`${server.url}/console/admin/packs/property`);
  const pack = page.locator("section.side");
  await expect(pack.getByText("未安装", { exact: true }).first()).toBeVisible();
  await pack.getByRole("button", { name: "安装", exact: true }).click();
  await expect(pack.getByRole("status").filter({ hasText: /安装完成：新增\d+项/ })).toBeVisible();
  await expect(pack.getByText("未安装", { exact: true })).toHaveCount(0);
  const kind = pack.getByRole("link").first();
  const name = await kind.innerText();
  await kind.click();
  await expect(page).toHaveURL(/\/admin\/ticket_type\/\d+/);
  await expect(page.getByRole("main").getByText(name).first()).toBeVisible();
});
