// A conversation's way through several hands, and what stays of it.

import { CHENJING, expect, LIMIN, Staff, SUPERVISOR, ADMIN, test, Visitor } from "../stage.ts";

type AuditRow = { kind: string; by: { type: string; id?: string }; event: { on: { conversation?: string } } };
type Page<T> = { items: T[] };

test("SYS-06, SYS-22, Q-15: transfer, takeover, rating, finding again, the why, and the audit log", async ({ browser, server }) => {
  const first = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("我要找会长安装的师傅");
  const id = await first.opens("我要找会长安装的师傅");

  // Why this agent: who could take it, and who not.
  await first.button("为什么").first().click();
  const why = first.page.getByRole("dialog", { name: "为什么由这位座席接待" });
  await expect(why.getByRole("heading", { name: LIMIN.name })).toBeVisible();
  await expect(why.getByText(/客户到来时，有座席空闲|按空闲最久/).first()).toBeVisible();
  await first.page.keyboard.press("Escape");
  await expect(why).toBeHidden();

  // Transfer to a colleague, with a word that the visitor does not see.
  const second = await Staff.serves(browser, server.url, CHENJING);
  await first.button("转接").click();
  const transfer = first.page.getByRole("dialog", { name: "转接会话" });
  await transfer.getByRole("textbox", { name: /给接手同事的话/ }).fill("客人很急");
  await transfer.getByRole("button", { name: new RegExp(CHENJING.name) }).click();
  await second.opens("我要找会长安装的师傅");
  await expect(second.conversation.getByText("客人很急")).toBeVisible();
  await expect(visitor.frame.getByRole("heading", { level: 1, name: CHENJING.name })).toBeVisible();
  await expect(visitor.log.getByText("客人很急")).toHaveCount(0);
  await second.writes("师傅明天上午到。");
  await visitor.hears("师傅明天上午到。");

  // The supervisor takes over.
  const boss = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await boss.page.goto(`${server.url}/console/desk/${id}`);
  await boss.hears("师傅明天上午到。");
  await boss.button("接管").click();
  await boss.writes("我是主管，给您免安装费。");
  await visitor.hears("我是主管，给您免安装费。");

  // The end, and the visitor's rating.
  await boss.button("结束会话").click();
  await visitor.frame.getByRole("radio", { name: "5 分" }).check({ force: true });
  await visitor.frame.getByRole("textbox", { name: "说说您的感受" }).fill("服务周到");
  await visitor.frame.getByRole("button", { name: "提交" }).click();
  await expect(visitor.log.getByText(/您的评价/)).toBeVisible();
  await expect(boss.conversation.getByText("客户评价：5星，“服务周到”")).toBeVisible();

  // It is found again by its words' owner and number.
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const found = await admin.asks<Page<{ id: string; rating: number | null }>>(`/conversations?q=${id}`);
  expect(found.items.map((it) => it.id)).toEqual([id]);
  expect(found.items[0]?.rating).toBe(5);

  // Each step stands in the audit log, and its chain holds.
  const log = await admin.asks<Page<AuditRow>>(`/audit?on=conversation:${id}&limit=200`);
  const kinds = log.items.map((row) => row.kind);
  for (const kind of ["conversation_started", "queued", "assigned", "segment_ended", "conversation_closed", "rated"])
    expect(kinds, `${kind} is in the audit log`).toContain(kind);
  const chain = await admin.asks<{ broken_at: number | null; checked: number }>("/audit/verify");
  expect(chain.broken_at).toBeNull();
  expect(chain.checked).toBeGreaterThan(0);
});

test("B-09: a flag carries the agent's number and the date", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("发票还没收到");
  await agent.opens("发票还没收到");
  await agent.button("更多操作").click();
  await agent.page.getByRole("menuitem", { name: "旗标" }).click();
  const dialog = agent.page.getByRole("dialog", { name: "旗标" });
  await dialog.getByRole("radio", { name: "红色" }).check({ force: true });
  await dialog.getByRole("textbox", { name: "说明" }).fill("催财务开票");
  await dialog.getByRole("button", { name: "加旗标" }).click();
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());
  await expect(agent.conversation.getByText(new RegExp(`催财务开票.*2001.*${today}`)).first()).toBeVisible();
});

test("B-01: an unfinished record is a visible debt and blocks nobody", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("第一位客人的问题");
  await agent.opens("第一位客人的问题");
  await agent.writes("已为您处理。");
  await visitor.hears("已为您处理。");
  await agent.button("结束会话").click();
  await expect(agent.conversation.getByText("待补记录").first()).toBeVisible();
  await agent.button("处理完毕").click();
  const next = await Visitor.comes(browser, server.url);
  await next.asks("下一位客人的问题");
  await agent.opens("下一位客人的问题");
  await agent.writes("您好");
  await next.hears("您好");
});

test("Q-02: an agent answers with the keyboard alone, and a canned reply by a slash", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("对不起，什么时候发货？");
  await expect(agent.row("对不起，什么时候发货？")).toBeVisible();
  await agent.page.keyboard.press("j");
  await expect(agent.conversation).toBeVisible();
  await expect(agent.reply).toBeFocused();
  await agent.page.keyboard.type("/sorry");
  await expect(agent.page.getByRole("listbox", { name: "可插入的内容" }).getByRole("option").first()).toBeVisible();
  await agent.page.keyboard.press("Enter");
  await expect(agent.reply).not.toHaveValue("/sorry");
  const text = await agent.reply.inputValue();
  expect(text.length).toBeGreaterThan(5);
  await agent.page.keyboard.press("Enter");
  await visitor.hears(text.trim());
});
