// The first day: a server that knows nobody, and at its end a customer who is answered on the company's own page.

import { expect, Staff, test, Visitor } from "../stage.ts";
import { Server } from "../server.ts";
import { Site } from "../site.ts";

test("SYS-25, SYS-26, SYS-01d: from the printed link to a first answer on the company's own page", async ({ browser, page }) => {
  const server = await Server.empty();
  const link = (await server.log()).match(/http:\S+\/console\/setup\?token=\S+/)?.[0] ?? "";
  expect(link, "the server prints a link for the first set-up").not.toBe("");

  // The first administrator.
  await page.goto(link);
  await page.locator("input[name=company]").fill("老张五金");
  await page.locator("input[name=name]").fill("张建国");
  await page.locator("input[name=login]").fill("zhang");
  await page.locator("input[name=password]").fill("tools-and-nails");
  await page.getByRole("button", { name: "完成设置" }).click();
  await expect(page.getByRole("navigation").first()).toBeVisible();

  // The link works once.
  const stranger = await browser.newPage();
  await stranger.goto(link);
  await expect(stranger.getByText("系统已经设置好了，请直接登录。")).toBeVisible();
  await stranger.close();

  const editor = page.getByRole("main").locator("form");
  const save = async (room: string) => {
    await page.getByRole("button", { name: "保存", exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/admin/${room}/\\d+`));
    return page.url().match(/\d+$/)?.[0] ?? "";
  };
  const choose = async (label: string, option: string) => {
    // The words of the choice lie over the field that opens it.
    await editor.getByRole("combobox", { name: label }).click({ force: true });
    await page.getByRole("option", { name: option }).click();
    await page.keyboard.press("Escape");
  };

  // A second person, who answers customers.
  await page.goto(`${server.url}/console/admin/user/new`);
  await editor.getByLabel("姓名", { exact: true }).fill("小马");
  await editor.getByLabel("登录名", { exact: true }).fill("xiaoma");
  await choose("角色", "客服座席");
  await save("user");
  await editor.getByRole("textbox", { name: "新密码" }).fill("hammer-and-tongs");
  await editor.getByRole("button", { name: "设置密码" }).click();
  await expect(page.getByText("密码已设置")).toBeVisible();

  // A queue that she serves, and a widget that leads into it.
  await page.goto(`${server.url}/console/admin/queue/new`);
  await editor.getByLabel("名称 (中文)").fill("五金咨询");
  await editor.getByLabel("名称 (英文)").fill("Hardware");
  await choose("业务线", "默认业务");
  await save("queue");
  await page.goto(`${server.url}/console/admin/widget/new`);
  await editor.getByLabel("名称 (中文)").fill("官网窗口");
  await editor.getByLabel("名称 (英文)").fill("Site");
  await choose("业务线", "默认业务");
  await choose("队列", "五金咨询");
  const widget = await save("widget");
  const snippet = await editor.getByLabel("嵌入代码").locator("visible=true").innerText();
  expect(snippet).toContain(widget);

  // A plain page elsewhere with this one line, and a customer on it.
  const agent = await Staff.serves(browser, server.url, { login: "xiaoma", name: "小马" }, { password: "hammer-and-tongs" });
  const site = await Site.with(snippet);
  const visitor = await Visitor.comes(browser, site.url, "");
  await visitor.asks("有六角螺丝吗？");
  await agent.opens("有六角螺丝吗？");
  await agent.writes("有，M6到M12都有。");
  await visitor.hears("有，M6到M12都有。");
  await expect(visitor.frame.getByRole("heading", { level: 1, name: "小马" })).toBeVisible();
  site.close();
  await server.stop();
});
