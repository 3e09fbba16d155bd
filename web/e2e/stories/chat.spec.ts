// The main job: a visitor asks on a web page, the right agent answers at once, and nothing is ever lost.

import { Cable } from "../cable.ts";
import { expect, LIMIN, PICTURE, Staff, test, Visitor } from "../stage.ts";

test("SYS-01d: visitor and agent talk both ways, with pictures and read receipts", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("这件裙子有蓝色的吗？");
  await agent.opens("这件裙子有蓝色的吗？");
  await agent.hears("这件裙子有蓝色的吗？");
  await agent.writes("有的，蓝色大号还有三件。");
  await visitor.hears("有的，蓝色大号还有三件。");
  await expect(visitor.log.getByText("已读").last()).toBeVisible();

  await visitor.frame.getByLabel("发送图片或文件").setInputFiles(PICTURE);
  const received = agent.conversation.getByRole("img", { name: PICTURE.name });
  await expect(received).toBeVisible();
  expect(await received.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth))).toBe(2);

  await agent.page.locator(".composer input[type=file]").setInputFiles(PICTURE);
  await agent.writes("这是实物图。");
  await visitor.hears("这是实物图。");
  await expect(visitor.log.getByRole("img", { name: `图片 ${PICTURE.name}` })).toHaveCount(2);
});

test("SYS-01d: twenty messages through cut lines arrive once each and in order", async ({ browser, server }) => {
  const [visitorLine, agentLine] = [await Cable.to(server.url), await Cable.to(server.url)];
  const agent = await Staff.serves(browser, agentLine.url, LIMIN);
  // The desk's list draws only what can be seen: a page so tall that it can all be seen.
  await agent.page.setViewportSize({ width: 1280, height: 2_400 });
  const visitor = await Visitor.comes(browser, visitorLine.url);
  await visitor.asks("第 0 句");
  await agent.opens("第 0 句");
  const said = ["第 0 句"];
  for (let n = 1; n <= 20; n += 1) {
    const text = `第 ${n} 句`;
    // Lines break while messages are on their way, at either end, and mend a few messages later.
    if (n === 6 || n === 15) visitorLine.pull();
    if (n === 9) visitorLine.plug();
    if (n === 11) agentLine.pull();
    if (n === 13) agentLine.plug();
    await (n % 2 ? visitor : agent).writes(text);
    said.push(text);
    // Each waits to see their own words before the next: who hears what when is what the line decides.
    if (n % 2) await visitor.hears(text);
    else await agent.hears(text);
  }
  visitorLine.plug();
  const own = (words: string[], odd: number) => words.filter((text) => /^第 \d+ 句$/.test(text) && Number(text.slice(2, -2)) % 2 === odd);
  for (const [who, reader] of [["visitor", visitor], ["agent", agent]] as const) {
    await expect.poll(async () => (await reader.words()).filter((text) => /^第 \d+ 句$/.test(text)).length, `what the ${who} sees`).toBe(21);
    const words = await reader.words();
    // Each side's words keep their order; no word is doubled.
    expect(own(words, 1)).toEqual(said.filter((_, n) => n % 2 === 1));
    expect(own(words, 0)).toEqual(said.filter((_, n) => n % 2 === 0));
  }
  // Both see the same order, the stored one.
  const order = (words: string[]) => words.filter((text) => /^第 \d+ 句$/.test(text));
  expect(order(await visitor.words())).toEqual(order(await agent.words()));
  visitorLine.close();
  agentLine.close();
});

test("SYS-70: where WebSocket is blocked the chat goes on by itself over plain HTTP", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  let blocked = 0;
  const visitor = await Visitor.comes(browser, server.url, "/demo/", (context) =>
    context.routeWebSocket(/\/api\/v1\/ws/, (socket) => {
      blocked += 1;
      return socket.close();
    }),
  );
  await visitor.asks("代理把长连接挡住了");
  expect(blocked).toBeGreaterThan(0);
  await agent.opens("代理把长连接挡住了");
  await agent.writes("没关系，照样收得到。");
  await visitor.hears("没关系，照样收得到。");
  await visitor.writes("太好了");
  await agent.hears("太好了");
});

test("SYS-01d: what is written before a reload is there after it, and the talk goes on", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("先问一句");
  await agent.opens("先问一句");
  await visitor.composer.fill("写到一半");
  await visitor.page.reload();
  await visitor.hears("先问一句");
  await expect(visitor.composer).toHaveValue("写到一半");
  await agent.page.reload();
  await agent.writes("我还在");
  await visitor.hears("我还在");
});

test("SYS-01d: the server dies and returns; both sides are told, and what they wrote meanwhile arrives once", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("还在吗");
  await agent.opens("还在吗");
  await agent.writes("在的。");
  await visitor.hears("在的。");
  await server.dies();
  const cut = agent.page.getByText("网络断开，正在重新连接");
  const lost = visitor.frame.locator("p.lost");
  await expect(cut).toBeVisible();
  await expect(lost).toBeVisible();
  await visitor.writes("断线时问的");
  await agent.writes("断线时答的");
  // Nothing claims to have arrived.
  await expect(visitor.log.getByText("发送中")).toBeVisible();
  await server.returns();
  await agent.hears("断线时问的");
  await visitor.hears("断线时答的");
  await expect(cut).toHaveCount(0);
  await expect(lost).toHaveCount(0);
  await expect.poll(async () => (await agent.words()).filter((it) => it.startsWith("断线时")).sort()).toEqual(["断线时答的", "断线时问的"]);
});
