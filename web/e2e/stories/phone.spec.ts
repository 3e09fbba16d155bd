// A customer calls from a telephone, and an agent talks to them in the browser.

import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Caller, outside, strength, tone } from "../phone.ts";
import { isDrawn, LOOKS } from "../picture.ts";
import { freePort, Server } from "../server.ts";
import { ADMIN, expect, LIMIN, Staff, test as base } from "../stage.ts";

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
  // The shop's flow tells the state of an order first, and its number travels on with the call.
  await caller.presses("1");
  await caller.presses("2611058802#");
  await caller.presses("0");
  const row = page.getByRole("region", { name: "会话列表" }).locator("a[href*='/desk/']").filter({ hasText: "138" });
  await row.first().click();
  const accept = page.getByRole("button", { name: "接入", exact: true });
  const answer = page.getByRole("button", { name: "接听", exact: true });
  await expect(accept.or(answer).first()).toBeVisible();
  if (await accept.isVisible()) await accept.click();
  await answer.click();
  await expect(page.getByText("通话中").last()).toBeVisible();
  await expect(page.locator("dl").filter({ hasText: "订单号" }).getByText("2611058802")).toBeVisible();
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

test("SYS-07: a flow is drawn, checked, tried without a telephone and published", async ({ browser, server }) => {
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const { page } = admin;
  await page.goto(`${server.url}/console/admin/flow`);
  await page.getByText("热线语音流程").first().click();
  await page.getByRole("button", { name: "开始试拨" }).click();
  const log = page.getByRole("log");
  await expect(log.getByText("查订单请按1")).toBeVisible();
  const key = (name: string) => page.getByRole("button", { name: `按${name}`, exact: true });
  for (const digit of ["1", ..."2611058802", "#"]) {
    await expect(key(digit)).toBeEnabled();
    await key(digit).click();
  }
  await expect(log.getByText("您的订单已发货")).toBeVisible();
  await expect(log.getByText("已办结")).toBeVisible();
  await isDrawn(page, LOOKS[0], "flow-list");
  // A way that leads nowhere is told at its step, and cannot be published.
  await page.getByRole("button", { name: "在画布中编辑" }).click();
  const canvas = page.getByRole("group", { name: "流程图画布" });
  await canvas.getByText("问候").click();
  const side = page.getByRole("complementary", { name: "问候" });
  await side.getByRole("combobox", { name: "下一步" }).click();
  await page.getByRole("option", { name: "人工服务" }).last().click();
  await expect(canvas.getByText("1", { exact: true }).first()).toBeVisible();
  await isDrawn(page, LOOKS[0], "flow-drawing");
  await page.getByRole("button", { name: "关闭此对话框" }).click();
  await expect(page.getByText(/\d+个问题/).first()).toBeVisible();
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await page.getByRole("button", { name: "发布", exact: true }).click();
  await expect(page.getByText("还不能发布，请先解决这些问题")).toBeVisible();
});

test("SYS-05: the numbers of the telephone are configured like any channel, in both languages", async ({ browser, server }) => {
  for (const [lang, look, word] of [["zh", LOOKS[0], "电话热线"], ["en", LOOKS[2], "Hotline"]] as const) {
    const admin = await Staff.signsIn(browser, server.url, ADMIN, { lang });
    await admin.page.goto(`${server.url}/console/admin/channel`);
    await admin.page.getByText(word).first().click();
    await expect(admin.page.getByText(NUMBER).first()).toBeVisible();
    await isDrawn(admin.page, look, "phone-channel");
  }
});
