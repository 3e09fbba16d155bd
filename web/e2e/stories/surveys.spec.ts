// An administrator designs a survey, an agent asks for it, the customer answers without script, and the result tells it.

import { isUsableByAll } from "../axe.ts";
import { ADMIN, expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

test("B-29: a survey is designed, asked in a conversation, answered without script and counted", async ({ browser, server }) => {
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  await admin.page.goto(`${server.url}/console/admin/survey/new`);
  const form = admin.page.locator("section.side");
  await form.getByRole("textbox", { name: /名称.*中文|名称/ }).first().fill("试用问卷");
  const preview = form.getByRole("group", { name: "预览" });
  await expect(preview.getByRole("radio", { name: "5", exact: true }), "the preview asks as the page does").toBeAttached();
  await form.getByRole("button", { name: "保存" }).click();
  await expect(admin.page).toHaveURL(/\/admin\/survey\/\d+/);
  await admin.page.screenshot({ path: test.info().outputPath("builder.png") });

  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("发票怎么开？");
  await agent.opens("发票怎么开？");
  await agent.chooses("邀请填写问卷");
  const dialog = agent.page.getByRole("dialog", { name: "邀请填写问卷" });
  await dialog.locator(".el-select").click();
  await agent.page.getByRole("option", { name: "试用问卷" }).click();
  await dialog.getByRole("button", { name: "发送" }).click();
  await expect(dialog).toBeHidden();
  const said = agent.conversation.getByText(/\/s\//).first();
  await expect(said).toBeVisible();
  const link = /https?:\/\/\S+\/s\/[\w-]+/.exec(await said.innerText())?.[0] ?? "";

  // A phone without script.
  const phone = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 }, locale: "zh-CN" });
  const page = await phone.newPage();
  await page.goto(link);
  await expect(page.getByRole("group", { name: "您对这次服务满意吗？" })).toBeVisible();
  await page.screenshot({ path: test.info().outputPath("phone.png") });
  await page.getByRole("radio", { name: "2", exact: true }).check({ force: true });
  await page.getByRole("textbox").fill("发票晚了两天");
  await page.getByRole("button", { name: "提交" }).click();
  await expect(page.getByRole("heading", { name: "谢谢您的回答" })).toBeVisible();
  await page.goto(link);
  await expect(page.getByRole("heading", { name: "您已经答过这份问卷" })).toBeVisible();

  const leader = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await leader.page.goto(`${server.url}/console/reports/surveys`);
  await leader.page.locator(".filters .el-select").first().click();
  await leader.page.getByRole("option", { name: "试用问卷" }).click();
  const main = leader.page.getByRole("main");
  await expect(main.getByText("发出1份，答了1份")).toBeVisible();
  await expect(main.getByText("100.0%").first()).toBeVisible();
  await leader.page.screenshot({ path: test.info().outputPath("results.png") });
  await isUsableByAll(leader.page.mainFrame(), "results of a survey");
  await main.getByRole("region", { name: "您对这次服务满意吗？" }).getByRole("button", { disabled: false }).click();
  await expect(leader.page.getByText("发票晚了两天"), "the row behind the number").toBeVisible();
  await leader.page.screenshot({ path: test.info().outputPath("rows.png") });
  await isUsableByAll(leader.page.mainFrame(), "rows of a survey");
});

test("B-29: the page of a survey is usable by all, in both themes and languages", async ({ browser, server }) => {
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const made = await admin.page.evaluate(async () => {
    const text = (zh: string, en: string) => ({ zh, en });
    const option = (key: string, label: object) => ({ key, label, children: [] });
    const body = {
      kind: "survey", name: text("全部题型", "All shapes"), open_link: true, valid_days: 14,
      questions: [
        { key: "csat", text: text("满意吗？", "Satisfied?"), shape: "csat", required: true },
        { key: "nps", text: text("会推荐吗？", "Recommend?"), shape: "nps" },
        { key: "ces", text: text("费力吗？", "Easy?"), shape: "ces" },
        { key: "one", text: text("选一项", "Choose one"), shape: "single", options: [option("a", text("甲", "A")), option("b", text("乙", "B"))] },
        { key: "many", text: text("选几项", "Choose some"), shape: "multiple", options: [option("a", text("甲", "A")), option("b", text("乙", "B"))] },
        { key: "rows", text: text("各方面", "Parts"), shape: "matrix", rows: [option("x", text("商品", "Goods")), option("y", text("物流", "Delivery"))], options: [option("good", text("好", "Good")), option("bad", text("差", "Bad"))] },
        { key: "more", text: text("还想说", "More"), shape: "text" },
      ],
    };
    const answer = await fetch("/api/v1/records/survey", { method: "POST", headers: { "content-type": "application/json", "x-yingda": "1" }, body: JSON.stringify(body) });
    return (await answer.json()) as { id: string };
  });
  for (const [colorScheme, lang] of [["light", "zh"], ["dark", "en"]] as const) {
    const context = await browser.newContext({ colorScheme, viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await page.goto(`${server.url}/survey/${made.id}?lang=${lang}`);
    await expect(page.getByRole("radio", { name: lang === "zh" ? "商品：好" : "Goods：Good" })).toBeVisible();
    await isUsableByAll(page.mainFrame(), `a survey in ${lang}, ${colorScheme}`);
    await page.screenshot({ path: test.info().outputPath(`survey-${lang}-${colorScheme}.png`), fullPage: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing runs out of a phone").toBe(true);
  }
});
