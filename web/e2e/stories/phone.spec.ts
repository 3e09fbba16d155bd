// A customer calls from a telephone, and an agent talks to them in the browser.

import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Caller, outside, strength, tone } from "../phone.ts";
import { isDrawn, LOOKS } from "../picture.ts";
import { freePort, Server } from "../server.ts";
import { expect, LIMIN, Staff, test as base } from "../stage.ts";

const NUMBER = "4008001234";
const CALLER_HZ = 440;
const AGENT_HZ = 1_000;

/** What the agent's microphone hears. */
const MICROPHONE = join(tmpdir(), `yingda-e2e-microphone-${process.pid}.wav`);
writeFileSync(MICROPHONE, tone(AGENT_HZ, 10));

const test = base.extend<{ exchange: string }>({
  exchange: async ({}, use) => use(`127.0.0.1:${await freePort()}`),
  server: async ({ browser, exchange }, use) => {
    const server = await Server.start({ YINGDA_PHONE_LISTEN: exchange, YINGDA_PHONE_TRUNKS: `127.0.0.1,${outside().address}` });
    await use(server);
    await Promise.all(browser.contexts().map((context) => context.close()));
    await server.stop();
  },
});

test.use({
  launchOptions: {
    executablePath: "/usr/bin/chromium",
    chromiumSandbox: false,
    args: [
      "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
      `--use-file-for-fake-audio-capture=${MICROPHONE}`, "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns",
    ],
  },
});

declare global {
  interface Window {
    lines: RTCPeerConnection[];
  }
}

test("SYS-01a, SYS-11, SP-05 to SP-07, SP-14: a call is answered, held, hung up and kept in the browser", async ({ browser, server, exchange }) => {
  const agent = await Staff.signsIn(browser, server.url, LIMIN);
  const { page } = agent;
  await page.addInitScript(() => {
    window.lines = [];
    const Real = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        window.lines.push(this);
      }
    };
  });
  await page.reload();
  await agent.isReady();

  const caller = await Caller.starts("13800138000", CALLER_HZ, exchange);
  caller.calls(`sip:${NUMBER}@${exchange}`);
  await caller.waits("CALL_ESTABLISHED");
  const row = page.getByRole("region", { name: "会话列表" }).locator("a[href*='/desk/']").filter({ hasText: "138" });
  await row.first().click();
  const accept = page.getByRole("button", { name: "接入", exact: true });
  const answer = page.getByRole("button", { name: "接听", exact: true });
  await expect(accept.or(answer).first()).toBeVisible();
  if (await accept.isVisible()) await accept.click();
  await answer.click();
  await expect(page.getByText("通话中").last()).toBeVisible();
  // Both sides flow: what comes into the browser has the caller's energy.
  const energy = () =>
    page.evaluate(async () => {
      const reports = await Promise.all(window.lines.map((it) => it.getStats()));
      const heard = reports.flatMap((it) => [...it.values()]).filter((it) => it.type === "inbound-rtp");
      return heard.reduce((sum, it) => sum + (it.totalAudioEnergy ?? 0), 0);
    });
  await expect.poll(energy).toBeGreaterThan(0.01);
  await isDrawn(page, LOOKS[0], "phone-talk");

  await page.getByRole("button", { name: "保持", exact: true }).click();
  await expect(page.getByRole("status").filter({ hasText: "客户在听等待音乐" })).toBeVisible();
  await page.getByRole("button", { name: "取回", exact: true }).click();
  await expect(page.getByText("通话恢复")).toBeVisible();
  await page.getByRole("button", { name: "挂断", exact: true }).click();
  await caller.waits("CALL_CLOSED");
  await expect(page.getByText(/座席挂断，通话\d+:\d\d/)).toBeVisible();
  await expect(page.getByText("会话已结束，请完成话后处理")).toBeVisible();

  // The recording stands in the conversation, and both are on it.
  const player = page.locator("audio[src*='/files/']");
  await expect(player).toBeVisible();
  const kept = await page.request.get(server.url + (await player.getAttribute("src")));
  expect(kept.status()).toBe(200);
  const wav = await kept.body();
  expect(strength(wav, 0, CALLER_HZ)).toBeGreaterThan(0.8);
  expect(strength(wav, 1, AGENT_HZ)).toBeGreaterThan(0.8);
  await isDrawn(page, LOOKS[0], "phone-wrap-up");
  await caller.ends();
});
