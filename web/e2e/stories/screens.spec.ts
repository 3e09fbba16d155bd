// Every main screen in both languages, both themes, on a desk and on a phone: a picture of each, and axe on each.

import { type Browser, type Page } from "@playwright/test";
import { resolve } from "node:path";
import { isUsableByAll } from "../axe.ts";
import { isDrawn, type Look, LOOKS, SCREENS } from "../picture.ts";
import { ADMIN, expect, LIMIN, type Person, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

/** Who looks, and what they see beyond the places of the rail: the wall, and the densest forms. */
const VIEWERS: [Person, string[]][] = [
  [SUPERVISOR, ["settings", "live?wall=1", "reports/queue", "admin/queue/1000401", "admin/widget/2000001"]],
  [ADMIN, ["admin/user/1000211", "admin/role/1000011", "admin/calendar/1000301", "admin/settings"]],
];

async function at(browser: Browser, url: string, person: Person, look: Look): Promise<Page> {
  const context = await browser.newContext({ locale: look.locale, colorScheme: look.colorScheme, viewport: look.viewport });
  const page = await context.newPage();
  await page.goto(`${url}/console/`);
  await isDrawn(page, look, "sign-in");
  await page.locator("input[name=login]").fill(person.login);
  await page.locator("input[name=password]").fill("yingda-demo");
  await page.locator("button[type=submit]").click();
  await expect(page.getByRole("navigation").first()).toBeVisible();
  return page;
}

for (const look of LOOKS) {
  test(`Q-02: every room of the console, ${look.name}`, async ({ browser, server }) => {
    test.setTimeout(180_000);
    const agent = await Staff.serves(browser, server.url, LIMIN);
    const visitor = await Visitor.comes(browser, server.url);
    await visitor.asks("这件裙子有蓝色的吗？");
    const id = await agent.opens("这件裙子有蓝色的吗？");
    await agent.writes("有的，蓝色大号还有三件。");
    await visitor.hears("有的，蓝色大号还有三件。");

    const seen = new Set<string>();
    for (const [person, more] of VIEWERS) {
      const page = await at(browser, server.url, person, look);
      const links = page.getByRole("navigation").first().getByRole("link");
      const rooms = await links.evaluateAll((all) => all.map((link) => new URL((link as HTMLAnchorElement).href).pathname));
      for (const room of [...rooms, ...more.map((it) => `/console/${it}`), `/console/desk/${id}`]) {
        if (seen.has(room)) continue;
        seen.add(room);
        await page.goto(server.url + room);
        await expect(page.getByRole("main")).not.toBeEmpty();
        await isDrawn(page, look, room.replace("/console/", "").replace(/\/\d+$/, "-open").replaceAll(/[/?=]/g, "-"));
      }
      await page.context().close();
    }
  });

  test(`Q-02: the shop, the widget and the page without script, ${look.name}`, async ({ browser, server }) => {
    await Staff.serves(browser, server.url, LIMIN);
    const context = await browser.newContext({ locale: look.locale, colorScheme: look.colorScheme, viewport: look.viewport });
    const page = await context.newPage();
    await page.goto(`${server.url}/demo/`);
    await expect(page.locator("#yingda button.b")).toBeVisible();
    await isDrawn(page, look, "shop");
    await page.locator("#yingda button.b").click();
    const frame = page.frames().find((it) => it.url().includes("/widget/frame"));
    if (!frame) throw new Error("the widget has no frame");
    await expect(frame.getByRole("textbox").first()).toBeVisible();
    await isDrawn(page, look, "widget");
    await isUsableByAll(frame, `widget's frame (${look.name})`);

    const plain = await browser.newContext({ locale: look.locale, colorScheme: look.colorScheme, viewport: look.viewport, javaScriptEnabled: false });
    const quiet = await plain.newPage();
    await quiet.goto(`${server.url}/chat/2000001`);
    await expect(quiet.getByRole("textbox").first()).toBeVisible();
    await quiet.screenshot({ path: resolve(SCREENS, `no-script-${look.name}.png`) });
  });
}
