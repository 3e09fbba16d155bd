// Where a contact is offered first: taken, declined, missed.

import { ADMIN, AGENTS, CHENJING, expect, type Kept, LIMIN, PRESALES, Staff, test, Visitor } from "../stage.ts";

type Role = { grants: { action: string; scope: string }[] };

const asksFirst = (boss: Staff, seconds: number) =>
  boss.changes<Kept>(PRESALES, ({ record }) => ({ ...record, auto_accept: false, answer_timeout_s: seconds }));

test("SYS-06: an offer shows the time that is left, and one click takes it", async ({ browser, server }) => {
  await asksFirst(await Staff.signsIn(browser, server.url, ADMIN), 120);
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("想问问尺码");
  await agent.opens("想问问尺码");
  const offer = agent.conversation.getByRole("alert");
  await expect(offer).toContainText("有新会话请您接入");
  await expect(offer.locator("time")).toHaveText(/^[01]:\d\d$/);
  // Nobody serves the visitor before the offer is taken.
  await expect(visitor.frame.getByRole("heading", { level: 1, name: LIMIN.name })).toHaveCount(0);
  await agent.button("接入").click();
  await expect(visitor.frame.getByRole("heading", { level: 1, name: LIMIN.name })).toBeVisible();
  await agent.writes("您平时穿多大？");
  await visitor.hears("您平时穿多大？");
});

test("SYS-06: who may decline passes the contact on to the next", async ({ browser, server }) => {
  const boss = await Staff.signsIn(browser, server.url, ADMIN);
  await asksFirst(boss, 120);
  await boss.changes<Kept<Role>>(AGENTS, ({ record }) => ({ ...record, grants: [...record.grants, { action: "conversation_decline", scope: "own" }] }));
  const first = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("能开专票吗");
  await first.opens("能开专票吗");
  const second = await Staff.serves(browser, server.url, CHENJING);
  await first.button("拒绝").click();
  await second.opens("能开专票吗");
  await expect(second.conversation.getByRole("alert")).toContainText("有新会话请您接入");
  await expect(second.conversation.getByText(`${LIMIN.name}拒绝接入`)).toBeVisible();
  await second.button("接入").click();
  await expect(visitor.frame.getByRole("heading", { level: 1, name: CHENJING.name })).toBeVisible();
  await expect(first.page.getByRole("region", { name: "会话列表" }).getByText("等我接入")).toHaveCount(0);
});

test("SYS-06: a missed offer takes the agent out and keeps the contact's place; one click returns", async ({ browser, server }) => {
  const boss = await Staff.signsIn(browser, server.url, ADMIN);
  await asksFirst(boss, 3);
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("有人在吗");
  const back = agent.page.getByRole("button", { name: "恢复接待在线咨询" });
  await expect(back).toBeVisible();
  await expect(visitor.frame.getByText("排在第 1 位")).toBeVisible();
  await expect(agent.state).toHaveAccessibleName(/未接听/);
  await asksFirst(boss, 120);
  await back.click();
  await expect(back).toHaveCount(0);
  await expect(agent.state).toHaveAccessibleName(/就绪/);
  await agent.opens("有人在吗");
  await expect(agent.conversation.getByText("没有接入")).toBeVisible();
  await agent.button("接入").click();
  await agent.writes("在的，让您久等了。");
  await visitor.hears("在的，让您久等了。");
});
