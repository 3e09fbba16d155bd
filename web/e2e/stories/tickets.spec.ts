// A matter is followed until it is done: by a kind of ticket that was made a minute ago, from a conversation, with leave.

import { isDrawnAround } from "../picture.ts";
import { ADMIN, expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";
import { makes } from "../sms.ts";

const words = (zh: string, en: string) => ({ zh, en });
const way = (key: string, name: object, from: string[], to: string, more: object = {}) => ({ key, name, from, to, ...more });

/** A kind whose tickets need a solution before they are closed, and leave before they are paid for. */
const REPAIR = {
  kind: "ticket_type",
  name: words("维修", "Repair"),
  prefix: "WX",
  fields: [{ key: "solution", label: words("处理结果", "Solution"), shape: "paragraph" }],
  states: [
    { key: "new", name: words("待处理", "New"), phase: "open", colour: "blue" },
    { key: "doing", name: words("维修中", "In repair"), phase: "open", colour: "amber" },
    { key: "done", name: words("已修好", "Repaired"), phase: "closed", colour: "green" },
  ],
  moves: [
    way("start", words("开始维修", "Start"), ["new"], "doing"),
    way("finish", words("修好", "Finish"), ["doing"], "done", { needs: ["solution"] }),
    way("replace", words("换新", "Replace"), ["doing"], "done", { approval: true }),
  ],
  clocks: [{ key: "solve", name: words("修好时限", "Time to repair"), minutes: 2_880, stops_in: ["done"] }],
};

test("SYS-21, B-50: an administrator makes a kind of ticket with states and a time limit, and uses it at once", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  await page.goto(`${server.url}/console/admin/ticket_type/new`);
  const editor = page.getByRole("main").locator("form");
  await editor.getByRole("textbox", { name: "名称 (中文)" }).first().fill("安装预约");
  await editor.getByRole("textbox", { name: "名称 (英文)" }).first().fill("Installation");
  await editor.getByRole("textbox", { name: "编号前缀" }).fill("AZYY");
  await expect(editor.getByRole("img", { name: /待处理，点“开始处理”到处理中/ }), "its states and moves are drawn").toBeVisible();
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/ticket_type\/\d+/);

  await page.getByRole("link", { name: "工单", exact: true }).click();
  await page.getByRole("button", { name: "新建工单" }).click();
  const dialog = page.getByRole("dialog", { name: "新建工单" });
  await dialog.getByRole("combobox", { name: "工单类型" }).click({ force: true });
  await page.getByRole("option", { name: "安装预约" }).click();
  await dialog.getByRole("textbox", { name: "标题" }).fill("周六上午装空调");
  await dialog.getByRole("button", { name: "建单" }).click();
  await expect(page).toHaveURL(/\/tickets\/\d+/);
  await expect(page.getByRole("heading", { name: /^AZYY/ })).toBeVisible();
  await expect(page.getByRole("list", { name: "时限" }).getByRole("img", { name: /处理时限 · 剩23小时/ })).toBeVisible();
  const moves = page.getByRole("group", { name: "办理" });
  await moves.getByRole("button", { name: "开始处理" }).click();
  await moves.getByRole("button", { name: "完成" }).click();
  await expect(page.getByText("完成：处理中 → 已完成")).toBeVisible();
  await expect(page.getByRole("img", { name: /处理时限 · 按时完成/ })).toBeVisible();
});

test("B-02, B-50: a conversation becomes a ticket by K, which says what it lacks before it is closed", async ({ browser, server }) => {
  await makes(await Staff.signsIn(browser, server.url, ADMIN), "/records/ticket_type", REPAIR);
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("水壶漏水了");
  const conversation = await agent.opens("水壶漏水了");
  const { page } = agent;
  await agent.conversation.getByRole("heading").first().click();
  await page.keyboard.press("k");
  const dialog = page.getByRole("dialog", { name: "新建工单" });
  await expect(dialog.getByRole("textbox", { name: "标题" }), "the customer's words are its title").toHaveValue("水壶漏水了");
  await dialog.getByRole("combobox", { name: "工单类型" }).click({ force: true });
  await page.getByRole("option", { name: "维修", exact: true }).click();
  await dialog.getByRole("button", { name: "建单" }).click();
  await expect(dialog).toBeHidden();
  await expect(page, "the conversation stays in sight").toHaveURL(new RegExp(`/desk/${conversation}`));
  await page.getByRole("tab", { name: "工单" }).click();
  await page.getByRole("link", { name: /水壶漏水了.*WX/ }).click();

  const moves = page.getByRole("group", { name: "办理" });
  await page.getByRole("button", { name: "领取" }).click();
  await moves.getByRole("button", { name: "开始维修" }).click();
  await moves.getByRole("button", { name: "修好" }).click();
  const asks = page.getByRole("dialog", { name: "修好" });
  await asks.getByRole("button", { name: "修好" }).click();
  await expect(asks.getByText("必填"), "it says what is missing").toBeVisible();
  await asks.getByRole("textbox", { name: "处理结果" }).fill("换了密封圈");
  await asks.getByRole("button", { name: "修好" }).click();
  await expect(page.getByText("修好：维修中 → 已修好")).toBeVisible();
  await expect(moves).toBeHidden();
});

test("SYS-21: what needs leave waits for a leader, who is told, sees why, and agrees", async ({ browser, server }) => {
  const of = await makes(await Staff.signsIn(browser, server.url, ADMIN), "/records/ticket_type", REPAIR);
  const leader = await Staff.serves(browser, server.url, SUPERVISOR);
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const ticket = await makes(agent, "/tickets", { of, title: "修不好，换一个新的" });
  const { page } = agent;
  await page.goto(`${server.url}/console/tickets/${ticket}`);
  const moves = page.getByRole("group", { name: "办理" });
  await page.getByRole("button", { name: "领取" }).click();
  await moves.getByRole("button", { name: "开始维修" }).click();
  await moves.getByRole("button", { name: "换新" }).click();
  const asks = page.getByRole("dialog", { name: "换新" });
  await asks.getByRole("textbox", { name: "原因" }).fill("主板烧坏");
  await asks.getByRole("button", { name: "提交审批" }).click();
  await expect(page.getByText(/申请“换新”，等待审批/).first()).toBeVisible();

  await leader.page.getByRole("button", { name: "通知", exact: true }).click();
  await leader.page.getByRole("link", { name: "请审批：修不好，换一个新的" }).click();
  await expect(leader.page.getByText("原因：主板烧坏")).toBeVisible();
  await leader.page.getByRole("button", { name: "同意" }).click();
  await expect(leader.page.getByText("换新：维修中 → 已修好")).toBeVisible();
  await expect(page.getByText("换新：维修中 → 已修好"), "who asked for it sees it by itself").toBeVisible();
});

test("E2: one matter that was written down twice becomes one ticket and two again; filters are kept as a view", async ({ browser, server }) => {
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const { page } = admin;
  const of = await makes(admin, "/records/ticket_type", { ...REPAIR, name: words("返修", "Second repair"), prefix: "FX", fields: [...REPAIR.fields, { key: "part", label: words("部件", "Part"), shape: "line" }] });
  const first = await makes(admin, "/tickets", { of, title: "屏幕不亮", values: { part: "屏幕" } });
  const again = await makes(admin, "/tickets", { of, title: "屏幕还是不亮", values: { part: "屏幕" } });
  const { serial } = await admin.asks<{ serial: string }>(`/tickets/${first}`);
  await page.goto(`${server.url}/console/tickets/${again}`);
  await page.getByRole("textbox", { name: "输入工单编号" }).fill(serial);
  await page.getByRole("button", { name: "并入", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "并入", exact: true }).click();
  await expect(page.getByText(`已并入${serial}继续办理`, { exact: false })).toBeVisible();
  await expect(page.getByRole("group", { name: "办理" })).toHaveCount(0);
  await isDrawnAround(page, "ticket-merged");
  await page.getByRole("button", { name: "撤销并入" }).click();
  await expect(page.getByRole("group", { name: "办理" }).getByRole("button", { name: "开始维修" })).toBeVisible();

  await page.goto(`${server.url}/console/tickets?of=${of}&field=part&value=屏幕`);
  await expect(page.getByRole("grid").getByText("屏幕还是不亮")).toBeVisible();
  await page.getByRole("button", { name: "我的视图" }).click();
  await page.getByRole("textbox", { name: "给现在的筛选起个名" }).fill("屏幕返修");
  await page.keyboard.press("Enter");
  await page.goto(`${server.url}/console/tickets`);
  await page.getByRole("button", { name: "我的视图" }).click();
  await page.getByRole("button", { name: "屏幕返修", exact: true }).click();
  await expect(page).toHaveURL(/field=part/);
});
