// Several people on one conversation, and several conversations of one person.

import { ADMIN, CHENJING, expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

test("SYS-20: a colleague is asked in, writes, and leaves again", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("这个桌子承重多少");
  await agent.opens("这个桌子承重多少");
  const colleague = await Staff.signsIn(browser, server.url, CHENJING);
  await agent.chooses("邀请同事协助");
  await agent.page.getByRole("dialog", { name: "邀请同事协助" }).getByRole("button", { name: new RegExp(CHENJING.name) }).click();

  await colleague.opens("这个桌子承重多少");
  await colleague.writes("桌面承重八十公斤。");
  await visitor.hears("桌面承重八十公斤。");
  await agent.hears("桌面承重八十公斤。");
  // The one who asked still serves.
  await agent.writes("我帮您登记。");
  await visitor.hears("我帮您登记。");
  await colleague.button("退出协助").click();
  await expect(agent.conversation.getByText(`${CHENJING.name}退出协助`)).toBeVisible();
  await expect(colleague.reply).toHaveCount(0);
  await expect(colleague.row("我帮您登记。")).toHaveCount(0);
});

test("SYS-06: who gives a conversation back to the queue does not get it again while another can take it", async ({ browser, server }) => {
  const first = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("安装要预约吗");
  await first.opens("安装要预约吗");
  const second = await Staff.serves(browser, server.url, CHENJING);
  await first.chooses("退回队列");
  await second.opens("安装要预约吗");
  await second.writes("要的，我给您约。");
  await visitor.hears("要的，我给您约。");
  await expect(second.conversation.getByText(`${LIMIN.name}退回了会话`)).toBeVisible();
});

test("SYS-20: two conversations of one customer become one", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const phone = await Visitor.comes(browser, server.url);
  await phone.asks("我在手机上问过一遍");
  const into = await agent.opens("我在手机上问过一遍");
  const named = async (name: string) => {
    await agent.page.getByRole("textbox", { name: "按姓名、电话或邮箱查找客户" }).fill(name);
    await agent.page.getByRole("complementary", { name: "客户与工具" }).getByRole("button", { name: new RegExp(name) }).first().click();
    await expect(agent.conversation.getByRole("heading", { name })).toBeVisible();
  };
  await named("曹浩然");
  const desk = await Visitor.comes(browser, server.url);
  await desk.asks("现在换电脑接着问");
  const from = await agent.opens("现在换电脑接着问");
  await named("曹浩然");

  const boss = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await boss.page.goto(`${server.url}/console/desk/${from}`);
  await boss.hears("现在换电脑接着问");
  await boss.chooses("开始的会话合并");
  await boss.page.getByRole("button", { name: "合并", exact: true }).click();
  await expect(boss.conversation.getByText("已合并到另一个会话")).toBeVisible();

  // The one that is left goes on.
  await agent.page.goto(`${server.url}/console/desk/${into}`);
  await agent.writes("我们在这里接着说。");
  await phone.hears("我们在这里接着说。");
});

test("SYS-22: what a supervisor looks at stays when a setting changes", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("沙发套能拆洗吗");
  const id = await agent.opens("沙发套能拆洗吗");
  const boss = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await boss.page.goto(`${server.url}/console/desk/${id}`);
  await boss.hears("沙发套能拆洗吗");
  await agent.button("结束会话").click();
  await expect(boss.conversation.getByText("结束了会话")).toBeVisible();

  // Every console asks for its desk again, and this conversation is not the supervisor's own.
  const line = boss.page.waitForEvent("websocket");
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const made = await admin.page.request.post(`${server.url}/api/v1/records/tag`, {
    headers: { "x-yingda": "1" },
    data: { kind: "tag", name: { zh: "清洗", en: "Washing" }, colour: "blue" },
  });
  expect(made.ok(), await made.text()).toBe(true);
  await (await line).waitForEvent("framereceived", (frame) => String(frame.payload).includes('"t":"desk"'));
  await expect(boss.conversation.getByText("沙发套能拆洗吗")).toBeVisible();
  await expect(boss.page.getByText("正在载入")).toHaveCount(0);
});

test("SYS-42: a spammer is banned from the desk, and let in again", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("加微信领红包");
  const boss = await Staff.signsIn(browser, server.url, SUPERVISOR);
  const { items } = await boss.asks<{ items: { id: string }[] }>("/conversations?phase=open");
  await boss.page.goto(`${server.url}/console/desk/${items[0]?.id}`);
  await boss.hears("加微信领红包");
  await boss.chooses("拉黑访客");
  const dialog = boss.page.getByRole("dialog", { name: "拉黑访客" });
  await dialog.getByRole("textbox", { name: "原因" }).fill("广告");
  await dialog.getByRole("button", { name: "拉黑访客" }).click();
  await expect(boss.page.getByText("已拉黑")).toBeVisible();
  await expect(boss.conversation.getByText("标为骚扰，会话结束")).toBeVisible();

  // Neither in the open page nor in a new one.
  await visitor.writes("再发一次");
  await expect(visitor.frame.getByText("您暂时不能发起会话")).toBeVisible();
  await visitor.page.reload();
  await expect(visitor.frame.getByRole("alert")).toContainText("您暂时不能发起会话");
  await expect(visitor.composer).toHaveCount(0);
  await expect(agent.row("加微信领红包")).toBeVisible();

  await boss.chooses("解除拉黑");
  await expect(boss.page.getByText("已解除")).toBeVisible();
  await visitor.page.reload();
  await visitor.writes("对不起，我真想买东西");
  await expect(agent.row("对不起，我真想买东西")).toBeVisible();
});
