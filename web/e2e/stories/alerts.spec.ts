// An agent who looks elsewhere hears and sees that a customer came.

import { expect, LIMIN, Staff, test, Visitor } from "../stage.ts";

declare global {
  interface Window {
    shown: string[];
    tones: number;
  }
}

test("Q-02: an assignment rings and shows on the desktop while the console is not looked at", async ({ browser, server }) => {
  const agent = await Staff.signsIn(browser, server.url, LIMIN);
  const { page } = agent;
  const context = page.context();
  await context.grantPermissions(["notifications"], { origin: server.url });
  // Listens beside the browser's own notifications and sounds.
  await page.addInitScript(() => {
    window.shown = [];
    window.tones = 0;
    const Real = window.Notification;
    window.Notification = class extends Real {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options);
        window.shown.push(`${title}: ${options?.body ?? ""}`);
      }
    };
    const { start } = OscillatorNode.prototype;
    OscillatorNode.prototype.start = function (...when) {
      window.tones += 1;
      return start.apply(this, when);
    };
  });
  await page.reload();
  // The first click opens the sound; choosing the state is one.
  await agent.isReady();

  // Another tab comes to the front, as when somebody reads their mail.
  const focus = await context.newCDPSession(page);
  await focus.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  const mail = await context.newPage();
  await mail.bringToFront();
  await expect.poll(() => page.evaluate(() => document.hasFocus() && document.visibilityState === "visible")).toBe(false);

  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("你们几点下班");
  await expect.poll(() => page.evaluate(() => window.shown.join("\n"))).toContain("你们几点下班");
  await expect.poll(() => page.evaluate(() => window.tones)).toBeGreaterThanOrEqual(2);
  // Inside too: the bell keeps what was missed and leads to it.
  await page.bringToFront();
  await page.getByRole("button", { name: "通知" }).click();
  await page.getByRole("link", { name: /新会话.*访客/ }).click();
  await expect(page).toHaveURL(/\/desk\/\d+/);
});
