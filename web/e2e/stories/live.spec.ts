// What hangs on the wall of the room.

import { isUsableByAll } from "../axe.ts";
import { expect, LIMIN, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

test("SYS-22: the wallboard fills the screen and moves by itself", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  await agent.choosesState("不再接新会话");
  const { page } = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await page.goto(`${server.url}/console/live`);
  await page.getByRole("button", { name: "大屏" }).click();
  const wall = page.getByRole("dialog", { name: "大屏" });
  await expect(wall).toBeVisible();
  const box = await wall.boundingBox();
  const size = await page.evaluate(() => ({ width: innerWidth, height: innerHeight }));
  expect(box).toMatchObject({ x: 0, y: 0, ...size });
  const total = (name: string) => wall.locator("dl > div").filter({ hasText: name }).locator("dd");
  const queue = wall.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "售前咨询" }) });
  await expect(total("等待").first()).toHaveText("0");
  await isUsableByAll(page.mainFrame(), "the wallboard");

  // Somebody comes and waits: nobody touches the board, and it says so.
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("有人吗");
  await expect(total("等待").first()).toHaveText("1");
  await expect(queue.getByRole("cell").first()).toHaveText("1");
  await agent.choosesState("不再接新会话");
  await expect(total("等待").first()).toHaveText("0");
  await expect(total("会话中")).toHaveText("1");
  await expect(wall.getByRole("list", { name: "座席" }).getByRole("listitem").filter({ hasText: "会话中" }).first()).toContainText(LIMIN.name);
  // The row counts it too: waiting, longest wait, active.
  await expect(queue.getByRole("cell").nth(0)).toHaveText("0");
  await expect(queue.getByRole("cell").nth(2)).toHaveText("1");

  await wall.getByRole("button", { name: "退出大屏" }).click();
  await expect(wall).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1, name: "监控" })).toBeVisible();
});
