// Doors other than the product's own chat: set up, tried out, answered by, and looked after by people.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { resolve } from "node:path";
import type { Browser, Page } from "@playwright/test";
import { isDrawn, type Look, SOME_LOOKS } from "../picture.ts";
import { Receiver } from "../receiver.ts";
import { ADMIN, expect, LIMIN, type Person, PICTURE, PRESALES, Staff, SUPERVISOR, test } from "../stage.ts";

/** A platform's account: where it calls us, and the key that it signs with. */
interface Account {
  hook: string;
  key: string;
}

/** The platform calls: a body, signed as docs/connector.md says. */
async function calls({ hook, key }: Account, body: object): Promise<number> {
  const text = JSON.stringify(body);
  const at = Date.now();
  const signature = createHmac("sha256", key).update(`${at}.${text}`).digest("hex");
  const answer = await fetch(hook, { method: "POST", headers: { "content-type": "application/json", "x-yingda-signature": `t=${at},v1=${signature}` }, body: text });
  return answer.status;
}

const message = (id: string, from: string, text: string) => ({ message: { id, from: { id: from, name: "小王" }, text } });

/** The texts of the replies that the platform got. */
const replies = (receiver: Receiver) => receiver.heard.flatMap((it) => (JSON.parse(it) as { text?: string }).text ?? []);

/** An administrator makes a platform's channel in the browser. */
async function makes(page: Page, url: string, name: string, address: string): Promise<Account> {
  const editor = page.getByRole("main").locator("form");
  await page.goto(`${url}/console/admin/channel/new`);
  await editor.getByRole("radio", { name: /其他平台/ }).click();
  await editor.getByLabel("名称 (中文)").fill(name);
  await editor.getByRole("combobox", { name: "进入队列" }).click();
  await page.getByRole("option", { name: "售前咨询" }).click();
  await editor.getByLabel("回复地址").fill(address);
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/channel\/\d+/);
  const key = await editor.getByLabel("签名密钥").innerText();
  const hook = await editor.getByLabel("回调地址", { exact: true }).innerText();
  expect(key).toMatch(/^chsec_\w+$/);
  expect(hook).toMatch(new RegExp(`^${url}/api/v1/hooks/\\d+$`));
  return { hook, key };
}

test("SYS-10: a message centre is set up, and what is wrong with it is told", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  await page.goto(`${server.url}/console/admin/channel/new`);
  await editor.getByRole("radio", { name: /短信（SMPP）/ }).click();
  await editor.getByLabel("名称 (中文)").fill("短信中心");
  await editor.getByRole("combobox", { name: "进入队列" }).click();
  await page.getByRole("option", { name: "售前咨询" }).click();
  const place = editor.getByRole("group", { name: "SMPP服务器" });
  await place.getByLabel("主机").fill("127.0.0.1");
  await place.getByRole("combobox").click({ force: true });
  await expect(page.getByRole("option", { name: "STARTTLS" })).toHaveCount(0);
  await page.getByRole("option", { name: "不加密" }).click();
  await expect(place.getByLabel("端口")).toHaveValue("2775");
  await place.getByLabel("端口").fill("9");
  await editor.getByLabel("发送号码").fill("10690001");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(editor.getByRole("alert").first()).toContainText("必填");
  await editor.getByLabel("System ID").fill("yingda");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/channel\/\d+/);
  await editor.getByRole("button", { name: "立即测试" }).click();
  const password = editor.getByRole("listitem").filter({ hasText: "密码已设置" });
  await expect(password).toContainText("✗");
  const step = editor.getByRole("listitem").filter({ hasText: "连接 SMPP 服务器" });
  await expect(step.locator("code")).toContainText("Connection refused");
});

test("SYS-01i, SYS-23: a platform is set up, tried out, answered by, and what failed goes out again", async ({ browser, server }) => {
  const receiver = await Receiver.listens();
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  const shop = await makes(page, server.url, "小程序商城", "http://127.0.0.1:9/hook");

  // The address is wrong, and the trial says how.
  await editor.getByRole("button", { name: "立即测试" }).click();
  const step = editor.getByRole("listitem").filter({ hasText: "向平台地址发一个空请求" });
  await expect(step).toContainText("✗");
  await expect(step.locator("code")).toContainText("Connection refused");
  await editor.getByLabel("回复地址").fill(receiver.url);
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(step, "what was tried was another address").toHaveCount(0);
  await editor.getByRole("button", { name: "立即测试" }).click();
  await expect(step).toContainText("✓");
  expect(JSON.parse(receiver.heard[0] ?? "{}")).toHaveProperty("ping");

  // A customer writes there; a repeated or forged call has no second effect.
  const agent = await Staff.serves(browser, server.url, LIMIN);
  expect(await calls({ ...shop, key: "chsec_wrong" }, message("1", "u7", "假的"))).toBe(401);
  expect(await calls(shop, message("1", "u7", "这件衣服几天到？"))).toBe(200);
  expect(await calls(shop, message("1", "u7", "这件衣服几天到？"))).toBe(200);
  const id = await agent.opens("这件衣服几天到？");
  await agent.hears("这件衣服几天到？");
  await expect(agent.conversation.locator(".theirs .bubble")).toHaveCount(1);

  // The reply leaves by the same door, and how far it went is seen.
  await agent.writes("两天就到。");
  await expect.poll(() => replies(receiver)).toContain("两天就到。");
  const bubble = agent.conversation.locator(".bubble-row").filter({ hasText: "两天就到。" });
  await expect(bubble.getByRole("img", { name: "已发送" })).toBeVisible();
  const sent = JSON.parse(receiver.heard.at(-1) ?? "{}") as { id: string };
  receiver.answer = JSON.stringify({ id: "p-9" });
  await agent.writes("还有别的问题吗？");
  const named = agent.conversation.locator(".bubble-row").filter({ hasText: "还有别的问题吗？" });
  await expect(named.getByRole("img", { name: "已发送" })).toBeVisible();
  expect(await calls(shop, { receipt: { id: "p-9", state: "delivered" } })).toBe(200);
  await expect(named.getByRole("img", { name: "已送达" })).toBeVisible();
  expect(sent.id).toMatch(/^\d+$/);

  // Refused for good: the agent reads why, the administrator sends it once more.
  receiver.status = 400;
  receiver.answer = "会话已过期";
  await agent.writes("那我先结束了。");
  const lost = agent.conversation.locator(".bubble-row").filter({ hasText: "那我先结束了。" });
  await expect(lost.getByRole("alert")).toContainText("会话已过期");
  await page.goto(`${server.url}/console/admin/gateway`);
  await page.getByRole("grid", { name: "网关" }).getByRole("row").filter({ hasText: "小程序商城" }).click();
  await expect(page).toHaveURL(/\/admin\/gateway\/\d+/);
  await page.locator(".state.el-select").click();
  await page.getByRole("option", { name: "失败" }).click();
  const row = page.getByRole("listitem").filter({ hasText: "会话已过期" });
  await expect(row).toHaveCount(1);
  await expect(row.getByRole("link", { name: "看会话" })).toHaveAttribute("href", new RegExp(`/conversations/${id}$`));
  receiver.status = 200;
  receiver.answer = "";
  await row.getByRole("button", { name: "重新发送" }).click();
  await expect(page.getByText("没有这种状态的消息")).toBeVisible();
  await expect.poll(() => replies(receiver).filter((it) => it === "那我先结束了。")).toHaveLength(2);
  await expect(lost.getByRole("img", { name: "已发送" })).toBeVisible();
  await expect(lost.getByRole("alert")).toHaveCount(0);
  receiver.close();
});

test("SYS-24: keys are kept unseen, and a mailbox's port follows how its line is secured", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  await page.goto(`${server.url}/console/admin/channel/new`);
  await editor.getByRole("radio", { name: /^邮箱/ }).click();
  await editor.getByLabel("名称 (中文)").fill("客服邮箱");
  await editor.getByRole("combobox", { name: "进入队列" }).click();
  await page.getByRole("option", { name: "售前咨询" }).click();
  await editor.getByLabel("邮箱地址").fill("help@example.com");
  const smtp = editor.getByRole("group", { name: "发信服务器（SMTP）" });
  await expect(smtp.getByRole("spinbutton", { name: "端口" })).toHaveValue("465");
  await smtp.locator(".el-select").click();
  await page.getByRole("option", { name: "STARTTLS" }).click();
  await expect(smtp.getByRole("spinbutton", { name: "端口" })).toHaveValue("587");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(smtp.getByRole("alert"), "a server needs a name").toBeVisible();
  await smtp.getByLabel("主机").fill("smtp.example.com");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/channel\/\d+/);

  await expect(editor.getByText("未设置")).toBeVisible();
  const password = editor.getByLabel("邮箱密码或授权码");
  await password.fill("s3cret-words");
  await editor.getByRole("button", { name: "保存密钥" }).click();
  await expect(editor.getByText("已设置")).toBeVisible();
  await expect(password).toHaveValue("");
  const told = await page.request.get(`${server.url}/api/v1/channels`);
  expect(await told.text()).not.toContain("s3cret-words");
  await expect(editor.getByRole("radio"), "the kind of a channel is chosen once").toHaveCount(0);
});

test("SYS-01i: the documented example is a platform: what is typed there arrives, and the answer is printed there", async ({ browser, server }) => {
  const probe = await Receiver.listens();
  const { port } = new URL(probe.url);
  probe.close();
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const { hook, key } = await makes(page, server.url, "示例平台", `http://127.0.0.1:${port}/`);
  const platform = spawn("python3", [resolve(import.meta.dirname, "../../../docs/examples/connector.py"), port], { env: { ...process.env, YINGDA_HOOK: hook, YINGDA_SECRET: key, PYTHONIOENCODING: "utf8" } });
  let printed = "";
  platform.stdout.on("data", (part: Buffer) => (printed += part.toString("utf8")));
  platform.stderr.on("data", (part: Buffer) => (printed += part.toString("utf8")));
  try {
    const agent = await Staff.serves(browser, server.url, LIMIN);
    platform.stdin.write("Where is my parcel?\n");
    await agent.opens("Where is my parcel?");
    await agent.writes("It is in Hangzhou.");
    await expect.poll(() => printed).toContain("to u7: It is in Hangzhou.");
    const bubble = agent.conversation.locator(".bubble-row").filter({ hasText: "It is in Hangzhou." });
    await expect(bubble.getByRole("img", { name: "已送达" })).toBeVisible();
  } finally {
    platform.kill();
  }
});

test("a reply that has not left yet is taken back, and its words stand in the composer again", async ({ browser, server }) => {
  const receiver = await Receiver.listens();
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  const shop = await makes(page, server.url, "小程序商城", receiver.url);
  await editor.getByRole("spinbutton", { name: "可以撤销" }).fill("60");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page.getByRole("button", { name: "保存", exact: true })).toBeDisabled();

  const agent = await Staff.serves(browser, server.url, LIMIN);
  expect(await calls(shop, message("1", "u7", "能改地址吗？"))).toBe(200);
  await agent.opens("能改地址吗？");
  await agent.writes("可以，请把新地址发给窝。");
  const bubble = agent.conversation.locator(".bubble-row").filter({ hasText: "请把新地址发给窝" });
  await expect(bubble.getByText(/^\d+秒后发出$/)).toBeVisible();
  await expect(bubble.getByRole("img", { name: "等待发出" })).toBeVisible();
  await bubble.getByRole("button", { name: "撤销" }).click();
  await expect(agent.conversation.getByText("消息已撤回")).toBeVisible();
  await expect(agent.reply).toHaveValue("可以，请把新地址发给窝。");
  expect(replies(receiver)).not.toContain("可以，请把新地址发给窝。");

  await page.goto(page.url().replace("/channel/", "/gateway/"));
  await expect(page.getByRole("listitem").filter({ hasText: "已撤回" })).toHaveCount(1);
  receiver.close();
});

const MAIL = {
  type: "mail",
  mail: {
    subject: "订单20261122的裙子有色差，想退货",
    from: { name: "王芳", address: "wangfang@example.com" },
    to: [{ name: "应答商城", address: "help@shop.example" }],
    cc: [{ address: "family@example.com" }],
    text: "您好：\n\n收到的裙子颜色和图片不一样，照片见附件。我想退货，请问运费怎么算？\n\n王芳\n> 2026年11月20日，应答商城写道：\n> 您的订单已发出。",
    html: "4001",
    raw: "4002",
    files: [
      { file: "4003", name: "裙子.png", mime: "image/png", size: 86, inline: "dress@mail" },
      { file: "4004", name: "订单截图.pdf", mime: "application/pdf", size: 248_300 },
    ],
    proof: { spf: "pass", dkim: "pass", dmarc: "pass" },
  },
};
const HTML = `<p>您好：</p><p>收到的裙子<b>颜色和图片不一样</b>：</p><p><img src="cid:dress@mail" width="120" height="90"></p>
<p><a href="https://shop.example/orders/20261122">订单20261122</a></p><img src="https://tracker.example/pixel.gif"><script>parent.document.title = "stolen"</script>`;

/** What a mailbox would bring stands in for the customer's first words. */
async function bringsMail(page: Page): Promise<void> {
  await page.route("**/api/v1/conversations/*/events*", async (route) => {
    const answer = await route.fetch();
    const told = (await answer.json()) as { events: { kind: string; text?: string }[] };
    for (const event of told.events) if (event.text === MAIL.mail.subject) Object.assign(event, { by: { type: "visitor", id: "1" }, ...MAIL });
    await route.fulfill({ response: answer, json: told });
  });
  await page.route("**/api/v1/files/4001", (route) => route.fulfill({ contentType: "text/html", body: HTML }));
  await page.route("**/api/v1/files/4003", (route) => route.fulfill({ contentType: "image/png", body: PICTURE.buffer }));
}

/** Somebody whose words come by a medium. */
async function writesBy(medium: string, text: string, agent: Staff, admin: Staff): Promise<string> {
  const made = await admin.page.request.post(`${admin.url}/api/v1/conversations`, {
    headers: { "x-yingda": "1", "idempotency-key": crypto.randomUUID() },
    data: { medium, queue: PRESALES.split("/").at(-1), text },
  });
  expect(made.ok(), await made.text()).toBe(true);
  return agent.opens(text);
}

/** A conversation by mail. */
async function writesByMail(agent: Staff, admin: Staff): Promise<string> {
  await bringsMail(agent.page);
  return writesBy("mail", MAIL.mail.subject, agent, admin);
}

test("SYS-10: an SMS is counted as it is written, and conversations are found by how they came", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const admin = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await writesBy("sms", "我的快递到哪了", agent, admin);
  await expect(agent.conversation.getByText("0字 · 0条")).toBeVisible();
  await agent.reply.fill("a".repeat(161));
  await expect(agent.conversation.getByText("161字 · 2条")).toBeVisible();
  await agent.reply.fill("到".repeat(70));
  await expect(agent.conversation.getByText("70字 · 1条")).toBeVisible();
  await agent.reply.fill("到".repeat(671));
  await expect(agent.button("发送")).toBeDisabled();
  await expect(agent.button("发送文件或图片"), "an SMS carries text only").toHaveCount(0);
  await agent.reply.fill("已到杭州。");
  await agent.reply.press("Enter");
  await agent.hears("已到杭州。");

  await admin.page.goto(`${server.url}/console/conversations?medium=sms`);
  const rows = admin.page.getByRole("grid", { name: "会话" }).getByRole("row");
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(1)).toContainText("已到杭州。");
  await admin.page.goto(`${server.url}/console/conversations?medium=letter`);
  await expect(admin.page.getByText("没有符合")).toBeVisible();
});

test("SYS-01e: a mail is read as it was formatted without running or loading anything, and answered as a mail", async ({ browser, server }) => {
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const admin = await Staff.signsIn(browser, server.url, SUPERVISOR);
  const id = await writesByMail(agent, admin);
  const { page } = agent;
  const mail = agent.conversation.getByRole("region", { name: MAIL.mail.subject });
  await expect(mail).toContainText("王芳 <wangfang@example.com>");
  await expect(mail).toContainText("订单截图.pdf");
  await mail.getByRole("button", { name: "发件人已验证" }).click();
  await expect(page.getByText("邮件确实来自这个地址所属的域名。")).toBeVisible();
  await expect(mail.getByRole("link", { name: "下载原件" })).toHaveAttribute("href", "/api/v1/files/4002");

  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await mail.getByRole("button", { name: "显示原格式" }).click();
  const frame = mail.frameLocator("iframe");
  await expect(frame.getByText("颜色和图片不一样")).toBeVisible();
  await expect(mail.getByText("没有载入外部图片")).toBeVisible();
  expect(await frame.locator("img").first().evaluate((it: HTMLImageElement) => it.naturalWidth), "the picture came with the mail").toBe(2);
  expect(await mail.locator("iframe").getAttribute("sandbox")).not.toContain("allow-scripts");
  expect(asked.filter((it) => it.includes("tracker")), "nothing tells the sender that it was read").toEqual([]);
  expect(await page.title()).not.toBe("stolen");

  const subject = agent.conversation.getByLabel("主题");
  await expect(subject).toHaveValue(`Re: ${MAIL.mail.subject}`);
  await agent.conversation.getByRole("button", { name: "抄送、定时" }).click();
  await agent.conversation.getByLabel("抄送").fill("主管 <lead@shop.example>, 谁");
  await agent.reply.fill("王女士您好：\n退货运费由我们承担。");
  await expect(agent.conversation.getByText("“谁”不是邮箱地址")).toBeVisible();
  await expect(agent.button("发送")).toBeDisabled();
  await agent.conversation.getByLabel("抄送").fill("主管 <lead@shop.example>");
  await agent.reply.press("Control+Enter");
  const ours = agent.conversation.locator(".ours").getByRole("region", { name: `Re: ${MAIL.mail.subject}` });
  await expect(ours).toContainText("退货运费由我们承担。");
  await expect(ours).toContainText("主管 <lead@shop.example>");
  await expect(agent.reply).toHaveValue("");
  const { events } = await admin.asks<{ events: { kind: string; type?: string; mail?: { subject: string; cc: object[] } }[] }>(`/conversations/${id}/events`);
  const posted = events.find((it) => it.kind === "message_posted" && it.type === "mail");
  expect(posted?.mail).toMatchObject({ subject: `Re: ${MAIL.mail.subject}`, cc: [{ name: "主管", address: "lead@shop.example" }] });
});

test("the rooms of the gateway and a mail in its conversation, in several looks", async ({ browser, server }) => {
  test.setTimeout(420_000);
  const receiver = await Receiver.listens();
  const setter = await Staff.signsIn(browser, server.url, ADMIN);
  const shop = await makes(setter.page, server.url, "小程序商城", receiver.url);
  const channel = setter.page.url().match(/\d+$/)?.[0] ?? "";
  await keeps(setter, { name: { zh: "客服邮箱", en: "Help mailbox" }, setup: { type: "mail", address: "help@shop.example", smtp: { host: "smtp.shop.example", port: 465, security: "tls" }, imap: { host: "imap.shop.example", port: 993, security: "tls" } } });
  await keeps(setter, { name: { zh: "短信通道", en: "SMS" }, setup: { type: "sms_http", url: "https://sms.shop.example/send", body: "{}" }, enabled: false });
  await keeps(setter, { name: { zh: "前台来访", en: "Front desk" }, setup: { type: "walkin" } });
  const agent = await Staff.serves(browser, server.url, LIMIN);
  expect(await calls(shop, message("1", "u7", "这件衣服几天到？"))).toBe(200);
  const talk = await agent.opens("这件衣服几天到？");
  await agent.writes("两天就到。");
  await expect.poll(() => replies(receiver)).toContain("两天就到。");
  receiver.status = 400;
  receiver.answer = "会话已过期，请客户先发消息";
  await agent.writes("需要帮您催一下吗？");
  await expect(agent.conversation.getByRole("alert")).toContainText("会话已过期");
  const written = await writesByMail(agent, await Staff.signsIn(browser, server.url, SUPERVISOR));

  for (const look of SOME_LOOKS) {
    const admin = await at(browser, server.url, ADMIN, look);
    const rooms = { "admin/channel": "channels", "admin/channel/new": "channel-new", [`admin/channel/${channel}`]: "channel-open", "admin/gateway": "gateway", [`admin/gateway/${channel}`]: "gateway-open" };
    for (const [room, name] of Object.entries(rooms)) {
      await admin.goto(`${server.url}/console/${room}`);
      await expect(admin.getByRole("main").getByText("小程序商城").or(admin.getByRole("radio")).first()).toBeVisible();
      if (name === "channel-open") await admin.getByRole("button", { name: /立即测试|Test now/ }).scrollIntoViewIfNeeded();
      if (name === "gateway-open") await expect(admin.getByRole("listitem").first()).toBeVisible();
      await isDrawn(admin, look, name);
    }
    await admin.context().close();
    const desk = await at(browser, server.url, LIMIN, look);
    await bringsMail(desk);
    await desk.goto(`${server.url}/console/desk/${talk}`);
    await expect(desk.getByRole("alert").filter({ hasText: "会话已过期" })).toBeVisible();
    await isDrawn(desk, look, "channel-talk");
    // An answer that is still being changed when its page goes is nobody's failure.
    await desk.unrouteAll({ behavior: "ignoreErrors" });
    await bringsMail(desk);
    await desk.goto(`${server.url}/console/desk/${written}`);
    const mail = desk.getByRole("region", { name: MAIL.mail.subject });
    await mail.getByRole("button", { name: /显示原格式|Show formatted/ }).click();
    await expect(mail.frameLocator("iframe").locator("img").first()).toBeVisible();
    await isDrawn(desk, look, "mail-talk");
    await desk.unrouteAll({ behavior: "ignoreErrors" });
    await desk.context().close();
  }
  await agent.page.unrouteAll({ behavior: "ignoreErrors" });
  receiver.close();
});

/** A channel that is made without the browser. */
async function keeps(admin: Staff, channel: object): Promise<void> {
  const answer = await admin.page.request.post(`${admin.url}/api/v1/records/channel`, {
    headers: { "x-yingda": "1", "idempotency-key": crypto.randomUUID() },
    data: { kind: "channel", enabled: true, queue: PRESALES.split("/").at(-1), ...channel },
  });
  expect(answer.ok(), await answer.text()).toBe(true);
}

/** Somebody at the console, in one of the looks. */
async function at(browser: Browser, url: string, person: Person, look: Look): Promise<Page> {
  const context = await browser.newContext({ locale: look.locale, colorScheme: look.colorScheme, viewport: look.viewport });
  const page = await context.newPage();
  await page.goto(`${url}/console/`);
  await page.locator("input[name=login]").fill(person.login);
  await page.locator("input[name=password]").fill("yingda-demo");
  await page.locator("button[type=submit]").click();
  await expect(page.getByRole("navigation").first()).toBeVisible();
  return page;
}
