// Several at once, and no more than an agent can bear.

import { ADMIN, expect, LIMIN, Staff, test, Visitor } from "../stage.ts";

type Stored = { version: number; record: { limits: Record<string, number> } };

test("SYS-75, Q-05: with a limit of five the sixth chat waits, and comes in when one ends", async ({ browser, server }) => {
  const boss = await Staff.signsIn(browser, server.url, ADMIN);
  await boss.changes<Stored>("/records/user/1000211", (now) => ({ ...now.record, limits: { chat: 5 } }));

  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitors: Visitor[] = [];
  for (let n = 1; n <= 6; n += 1) {
    const visitor = await Visitor.comes(browser, server.url);
    await visitor.asks(`第 ${n} 位客人`);
    visitors.push(visitor);
  }
  await expect(visitors[5]!.frame.getByText("排在第 1 位")).toBeVisible();
  for (let n = 1; n <= 5; n += 1) {
    await expect(agent.row(`第 ${n} 位客人`)).toBeVisible();
    await expect(visitors[n - 1]!.frame.locator(".queue")).toHaveCount(0);
  }
  await agent.opens("第 1 位客人");
  await agent.button("结束会话").click();
  await agent.button("处理完毕").click();
  await expect(visitors[5]!.frame.locator(".queue")).toHaveCount(0);
  await expect(visitors[5]!.frame.getByRole("heading", { level: 1, name: LIMIN.name })).toBeVisible();
});

test("Q-04: while nobody is free a visitor sees the place in the queue, not an error", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  await agent.choosesState("不再接新会话");
  const first = await Visitor.comes(browser, server.url);
  await first.asks("有人吗");
  await expect(first.frame.getByText("排在第 1 位")).toBeVisible();
  const second = await Visitor.comes(browser, server.url);
  await second.asks("我也想问");
  await expect(second.frame.getByText("排在第 2 位")).toBeVisible();
  await agent.choosesState("不再接新会话");
  await expect(first.frame.locator(".queue")).toHaveCount(0);
  await expect(second.frame.locator(".queue")).toHaveCount(0);
});
