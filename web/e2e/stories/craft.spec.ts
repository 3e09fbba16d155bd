// What an agent's hands do all day: taking a word back, marks, canned words, notes, and reading along.

import { ADMIN, expect, type Kept, LIMIN, Staff, test, Visitor, WIDGET } from "../stage.ts";

test("SYS-20: a word sent in error is taken back, and the visitor sees that it was", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("多少钱");
  await agent.opens("多少钱");
  await agent.writes("一百九十九万");
  await visitor.hears("一百九十九万");
  await agent.conversation.locator(".line").filter({ hasText: "一百九十九万" }).getByRole("button", { name: "撤回" }).click();
  await expect(visitor.log.getByText("对方撤回了一条消息")).toBeVisible();
  await expect(visitor.log.getByText("一百九十九万")).toHaveCount(0);
  await expect(agent.conversation.getByText("消息已撤回")).toBeVisible();
  // Not even a reload brings it back.
  await visitor.page.reload();
  await expect(visitor.log.getByText("对方撤回了一条消息")).toBeVisible();
  await expect(visitor.log.getByText("一百九十九万")).toHaveCount(0);
});

test("SYS-20: a follow-up is promised, found in its list, and done", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("到货了告诉我");
  const id = await agent.opens("到货了告诉我");
  await agent.chooses("稍后跟进");
  const dialog = agent.page.getByRole("dialog", { name: "稍后跟进" });
  await dialog.getByRole("button", { name: "明天9点" }).click();
  await dialog.getByRole("textbox", { name: "要做什么" }).fill("到货通知");
  await dialog.getByRole("button", { name: "提醒我" }).click();
  await expect(agent.conversation.getByText(/设定.*跟进：到货通知/)).toBeVisible();

  await agent.page.getByRole("navigation").getByRole("link", { name: "会话" }).click();
  await agent.page.getByText("待跟进", { exact: true }).click();
  await agent.page.getByRole("grid", { name: "会话" }).getByText("到货了告诉我").click();
  await expect(agent.page).toHaveURL(new RegExp(`/conversations/${id}`));
  await agent.page.goto(`${server.url}/console/desk/${id}`);
  await agent.chooses("稍后跟进");
  await dialog.getByRole("button", { name: "已跟进" }).click();
  await expect(agent.conversation.getByText("完成了跟进")).toBeVisible();
  type Rows = { items: { follow_up_at: number | null }[] };
  expect((await agent.asks<Rows>(`/conversations?q=${id}`)).items[0]?.follow_up_at ?? null).toBeNull();
});

test("SYS-20: a tag is put on, finds the conversation, and comes off", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("我要投诉快递");
  const id = await agent.opens("我要投诉快递");
  await agent.button("+ 标签").click();
  await agent.page.getByRole("menuitem", { name: "投诉" }).click();
  await expect(agent.conversation.locator(".marks").getByText("投诉")).toBeVisible();
  type Rows = { items: { id: string }[] };
  const tagged = await agent.asks<Rows>("/conversations?tag=1000606&phase=open");
  expect(tagged.items.map((it) => it.id)).toEqual([id]);
  await agent.conversation.locator(".marks").getByRole("button", { name: /关闭|移除/ }).click();
  await expect(agent.conversation.getByText("去掉了标签“投诉”")).toBeVisible();
});

test("SYS-20: a note with a name reaches the colleague and never the visitor", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("能再便宜点吗");
  await agent.opens("能再便宜点吗");
  await agent.button("写一条只有同事能看到的备注").click();
  await agent.page.getByRole("textbox", { name: "写一条只有同事能看到的备注" }).first().fill("底价一百二，别让");
  await agent.page.keyboard.press("Enter");
  await expect(agent.conversation.locator(".note").filter({ hasText: "底价一百二，别让" })).toBeVisible();
  await agent.writes("最低一百五。");
  await visitor.hears("最低一百五。");
  await expect(visitor.log.getByText("底价一百二")).toHaveCount(0);
  await visitor.page.reload();
  await visitor.hears("最低一百五。");
  await expect(visitor.log.getByText("底价一百二")).toHaveCount(0);
  // Nor in what the visitor takes home.
  const token = await visitor.page.evaluate(() => localStorage.getItem("yingda:2000001:token"));
  const taken = await visitor.page.request.get(`${server.url}/api/v1/visitor/transcript?format=txt&token=${token}`);
  expect(taken.ok()).toBe(true);
  expect(await taken.text()).toContain("最低一百五。");
  expect(await taken.text()).not.toContain("底价一百二");
});

test("SYS-01d: what a visitor types unsent is shown only where the widget says so", async ({ browser, server }) => {
  const boss = await Staff.signsIn(browser, server.url, ADMIN);
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const quiet = await Visitor.comes(browser, server.url);
  await quiet.asks("默认看不到吧");
  await agent.opens("默认看不到吧");
  await quiet.composer.pressSequentially("其实我想退货");
  await expect(agent.conversation.getByText("对方正在输入")).toBeVisible();
  await expect(agent.conversation.getByText("其实我想退货")).toHaveCount(0);
  await expect(quiet.frame.getByText("客服可以看到您正在输入的内容")).toHaveCount(0);
  await quiet.leaves();

  await boss.changes<Kept>(WIDGET, ({ record }) => ({ ...record, sneak_preview: true }));
  const open = await Visitor.comes(browser, server.url);
  await open.asks("这次写着会被看到");
  await expect(open.frame.getByText("客服可以看到您正在输入的内容")).toBeVisible();
  await agent.opens("这次写着会被看到");
  // What is typed is seen while it is typed, and never kept: whoever looks later sees nothing.
  await expect(async () => {
    await open.composer.fill("");
    await open.composer.pressSequentially("我在犹豫买哪一款", { delay: 60 });
    await expect(agent.conversation.getByText(/对方正在输入：我在犹豫/)).toBeVisible({ timeout: 2_000 });
  }).toPass();
});
