// One customer by every door: all stands on one timeline, each reply leaves as it came, and nothing is lost or doubled.

import type { Browser, Page } from "@playwright/test";
import { MailServer, Wechat } from "../peers.ts";
import { isDrawn, type Look, LOOKS, SOME_LOOKS } from "../picture.ts";
import { Receiver } from "../receiver.ts";
import { channel, makes, smsChannel } from "../sms.ts";
import { ADMIN, expect, LIMIN, type Person, Staff, SUPERVISOR, test, Visitor } from "../stage.ts";

const PHONE = "13800138000";

/** Keeps a channel's keys without the browser. */
async function keeps(admin: Staff, id: string, keys: object): Promise<void> {
  const answer = await admin.page.request.put(`${admin.url}/api/v1/channels/${id}/secrets`, { headers: { "x-yingda": "1" }, data: keys });
  expect(answer.ok(), await answer.text()).toBe(true);
}

const hookOf = (admin: Staff, id: string) => `${admin.url}/api/v1/hooks/${id}`;

/** A mailbox as an administrator describes it, read and answered by a server on this machine. */
const mailbox = ({ told }: MailServer) => {
  const place = (port: number) => ({ host: "127.0.0.1", port, security: "none" });
  return { type: "mail", address: told.house, login: told.house, sender: "应答商城", imap: place(told.imap), smtp: place(told.smtp), verifier: "mx.shop.example" };
};

/** A mailbox that is read: what comes from now on is taken in. */
async function reads(admin: Staff, mail: MailServer): Promise<string> {
  const id = await channel(admin, { zh: "客服邮箱", en: "Help mailbox" }, mailbox(mail));
  await keeps(admin, id, { password: mail.told.password });
  const error = async () => (await admin.asks<{ id: string; inward?: { error: string } }[]>("/channels")).find((it) => it.id === id)?.inward?.error;
  await expect.poll(error).toBe("");
  return id;
}

/** What we said last that contains a text, with its mark. */
const ours = (agent: Staff, text: string) => agent.conversation.locator(".bubble-row.ours").filter({ hasText: text });
const marked = (agent: Staff, text: string, mark: string) => expect(ours(agent, text).getByRole("img", { name: mark, exact: true })).toBeVisible();

test("SYS-01, SYS-23, SYS-24: one customer by chat, SMS, 公众号, mail and letter has one timeline, though the mail server dies", async ({ browser, server }) => {
  test.setTimeout(420_000);
  const [provider, wechat, mail] = await Promise.all([Receiver.listens(), Wechat.starts(), MailServer.starts()]);
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  const who = await makes(admin, "/customers", { name: "王芳", phone: PHONE });
  const sms = await smsChannel(admin, provider);
  const account = await channel(admin, { zh: "公众号", en: "Official account" }, { type: "wechat", app_id: Wechat.account, base_url: wechat.url });
  await keeps(admin, account, Wechat.keys);
  const post = await reads(admin, mail);
  await channel(admin, { zh: "信函登记", en: "Post room" }, { type: "letter", prefix: "XF" });
  const callback = (await admin.asks<{ id: string; callback?: string }[]>("/channels")).find((it) => it.id === sms)?.callback ?? "";
  const texts = async (body: object) => expect((await fetch(new URL(callback, server.url), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).status).toBe(200);
  const left = () => provider.heard.map((it) => (JSON.parse(it) as { content: string }).content);
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const { page } = agent;

  // By chat. Who it is shows the code that their own telephone gets.
  const visitor = await Visitor.comes(browser, server.url);
  await visitor.asks("裙子有货吗");
  await agent.opens("裙子有货吗");
  await agent.writes("有货，今天能发。");
  await visitor.hears("有货，今天能发。");
  await visitor.frame.getByRole("button", { name: "更多" }).click();
  await visitor.frame.getByRole("menuitem", { name: "核验身份" }).click();
  await visitor.frame.getByLabel("手机号或邮箱", { exact: true }).fill(PHONE);
  await visitor.frame.getByRole("button", { name: "发送验证码" }).click();
  await expect.poll(() => provider.heard.length).toBe(1);
  await visitor.frame.getByLabel("验证码", { exact: true }).fill(/验证码(\d{6})/.exec(left()[0] ?? "")?.[1] ?? "");
  await visitor.frame.getByRole("button", { name: "提交" }).click();
  await visitor.hears("身份已核验");
  await expect(page.getByRole("textbox", { name: "姓名", exact: true })).toHaveValue("王芳");

  // By SMS, from the same number.
  await texts({ id: "s1", mobile: PHONE, content: "什么时候发货" });
  await agent.opens("什么时候发货");
  await expect(page.getByRole("textbox", { name: "姓名", exact: true })).toHaveValue("王芳");
  provider.answer = JSON.stringify({ code: 0, mid: "m2" });
  await agent.writes("今天下午发。");
  await expect.poll(left).toContain("【应答】今天下午发。");
  await marked(agent, "今天下午发。", "已发送");
  await texts({ mid: "m2", stat: "DELIVRD" });
  await marked(agent, "今天下午发。", "已送达");

  // By 公众号: the agent knows who it is.
  expect(await wechat.calls(hookOf(admin, account), "oFan0001", "1", "我是王芳，能换小号吗")).toBe(200);
  expect(await wechat.calls(hookOf(admin, account), "oFan0001", "1", "我是王芳，能换小号吗"), "the platform says it twice").toBe(200);
  await agent.opens("我是王芳，能换小号吗");
  await expect(agent.conversation.locator(".theirs .bubble")).toHaveCount(1);
  await agent.writes("可以换，已经改好。");
  await expect.poll(() => wechat.sent()).toContainEqual({ touser: "oFan0001", text: "可以换，已经改好。" });
  await marked(agent, "可以换，已经改好。", "已发送");
  await page.getByRole("textbox", { name: "按姓名、电话或邮箱查找客户" }).fill(PHONE);
  await page.getByRole("complementary", { name: "客户与工具" }).getByRole("button", { name: /王芳/ }).first().click();
  await expect(page.getByRole("textbox", { name: "电话", exact: true })).not.toHaveValue("");

  // By mail: the server dies before the answer has left, and comes back.
  await mail.brings({ Subject: "=?utf-8?B?" + Buffer.from("请开发票").toString("base64") + "?=", "Message-ID": "<one@kunde.example>" }, "抬头写杭州某某公司，谢谢。");
  const written = await agent.opens("请开发票");
  await mail.stops();
  await admin.page.goto(`${server.url}/console/admin/gateway/${post}`);
  await expect(admin.page.getByText(/refused|closed|reset|断|EOF|end/i).first(), "the gateway says that the mailbox is away").toBeVisible();
  await agent.reply.fill("发票已开好，编号RF-20261122。");
  await agent.reply.press("Control+Enter");
  await marked(agent, "发票已开好", "等待发出");
  await isSeen(agent.page, "door-mail-waits");
  await isSeen(admin.page, "door-mail-down");
  expect(await mail.inbox()).toHaveLength(0);
  await mail.returns();
  await marked(agent, "发票已开好", "已发送");
  await expect.poll(async () => (await mail.inbox()).length).toBe(1);
  const [answer = ""] = await mail.inbox();
  expect(answer).toContain("编号RF-20261122");
  expect(answer).toContain("In-Reply-To: <one@kunde.example>");
  await mail.brings({ Subject: "Re: fapiao", "Message-ID": "<two@kunde.example>", "In-Reply-To": "<one@kunde.example>" }, "收到了，谢谢。");
  await expect(agent.conversation.getByRole("region", { name: "Re: fapiao" })).toContainText("收到了，谢谢。");
  expect(page.url(), "it is the same conversation").toContain(written);
  expect(await mail.inbox(), "once").toHaveLength(1);

  // By letter, taken down in the house.
  await page.getByRole("button", { name: "登记来函/来访" }).click();
  const slip = page.getByRole("dialog", { name: "登记来函/来访" });
  await slip.getByText("信函登记", { exact: true }).click();
  await slip.getByLabel("姓名").fill("王芳");
  await slip.getByLabel("电话").fill("138 0013 8000");
  await slip.getByLabel("事由").fill("感谢信");
  await slip.getByRole("button", { name: "登记", exact: true }).click();
  await expect(slip.getByLabel("登记编号")).toBeVisible();
  await page.keyboard.press("Escape");
  await agent.opens("感谢信");
  await agent.chooses("写信");
  const letter = page.getByRole("dialog", { name: "写信" });
  await letter.getByLabel("正文").fill("王芳女士：来信收到，谢谢您。");
  await letter.getByRole("button", { name: "生成信件" }).click();
  await expect(letter.getByRole("link", { name: "下载并打印PDF" })).toBeVisible();
  await letter.getByRole("button", { name: "关闭", exact: true }).last().click();

  // The mail's writer is known by another record until somebody joins the two.
  const boss = await Staff.signsIn(browser, server.url, SUPERVISOR);
  await boss.page.goto(`${server.url}/console/customers/${who}`);
  const talks = boss.page.getByRole("main").locator("a[href*='/conversations/']");
  await expect(talks).toHaveCount(4);
  await boss.page.getByRole("button", { name: "合并", exact: true }).click();
  const dialog = boss.page.getByRole("dialog", { name: "合并客户" });
  await dialog.getByRole("combobox").fill(mail.told.customer);
  await boss.page.getByRole("option", { name: new RegExp(mail.told.customer) }).click();
  await dialog.getByRole("button", { name: "合并", exact: true }).click();
  await expect(talks).toHaveCount(5);
  for (const medium of ["在线咨询", "短信", "微信", "邮件", "信函"]) await expect(talks.filter({ hasText: medium }), medium).toHaveCount(1);
  const rows = await boss.asks<{ items: { medium: string }[] }>(`/customers/${who}/conversations`);
  expect(rows.items.map((it) => it.medium).sort()).toEqual(["chat", "letter", "mail", "sms", "wechat"]);

  for (const look of SOME_LOOKS) {
    const seen = await at(browser, server.url, SUPERVISOR, look);
    await seen.goto(`${server.url}/console/customers/${who}`);
    await expect(seen.getByRole("heading", { name: "王芳" })).toBeVisible();
    await isDrawn(seen, look, "doors-timeline");
    await seen.context().close();
    const desk = await at(browser, server.url, LIMIN, look);
    await desk.goto(`${server.url}/console/desk/${written}`);
    await expect(desk.getByRole("region", { name: "Re: fapiao" })).toBeVisible();
    await isDrawn(desk, look, "doors-desk");
    await desk.context().close();
  }
  provider.close();
  wechat.end();
  await mail.end();
});

test("SYS-24: an administrator adds a mailbox, an SMS provider and a 公众号, and reads exactly what is wrong", async ({ browser, server }) => {
  test.setTimeout(300_000);
  const [provider, wechat, mail] = await Promise.all([Receiver.listens(), Wechat.starts(), MailServer.starts()]);
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  const editor = page.getByRole("main").locator("form");
  const save = async () => {
    await page.getByRole("button", { name: "保存", exact: true }).click();
    await expect(page).toHaveURL(/\/admin\/channel\/\d+/);
    await expect(page.getByRole("button", { name: "保存", exact: true })).toBeDisabled();
  };
  const begins = async (kind: RegExp, name: string) => {
    await page.goto(`${server.url}/console/admin/channel/new`);
    await editor.getByRole("radio", { name: kind }).click();
    await editor.getByLabel("名称 (中文)").fill(name);
    await editor.getByRole("combobox", { name: "进入队列" }).click();
    await page.getByRole("option", { name: "售前咨询" }).click();
  };
  const key = async (label: string, value: string) => {
    const box = editor.getByLabel(label, { exact: true });
    await box.fill(value);
    await box.press("Enter");
    await expect(box).toHaveValue("");
  };
  const tries = () => editor.getByRole("button", { name: "立即测试" }).click();
  const step = (text: string) => editor.getByRole("listitem").filter({ hasText: text });

  // A mailbox: first nobody listens there, then the password is wrong, then all is well.
  await begins(/^邮箱/, "客服邮箱");
  await editor.getByLabel("邮箱地址").fill(mail.told.house);
  await editor.getByLabel("登录名").fill(mail.told.house);
  for (const [title, port] of [["收信服务器（IMAP）", 9], ["发信服务器（SMTP）", mail.told.smtp]] as const) {
    const place = editor.getByRole("group", { name: title });
    await place.getByLabel("主机").fill("127.0.0.1");
    await place.locator(".el-select").click();
    const plain = page.getByRole("option", { name: "不加密" });
    await plain.click();
    // A list that is still closing would be a second one.
    await expect(plain).toBeHidden();
    await place.getByRole("spinbutton", { name: "端口" }).fill(String(port));
  }
  await save();
  await key("邮箱密码或授权码", "wrong");
  await tries();
  await expect(step("连接 IMAP 服务器").locator("code")).toContainText("Connection refused");
  await expect(step("登录 SMTP").locator("code")).toContainText(/535|authentication failed/i);
  await isSeen(page, "door-mailbox-wrong");
  await editor.getByRole("group", { name: "收信服务器（IMAP）" }).getByRole("spinbutton", { name: "端口" }).fill(String(mail.told.imap));
  await save();
  await tries();
  await expect(step("登录 IMAP").locator("code")).toContainText(/AUTHENTICATIONFAILED|Authentication failed/i);
  await key("邮箱密码或授权码", mail.told.password);
  await tries();
  await expect(step("服务器接受发件地址")).toContainText("✓");
  await expect(editor.getByRole("listitem").filter({ hasText: "✗" })).toHaveCount(0);

  // A provider of SMS.
  await begins(/短信（HTTP）/, "短信通道");
  await editor.getByLabel("请求地址").fill("http://127.0.0.1:9/send");
  await editor.getByLabel("请求内容").fill('{"mobile":{to:json},"content":{text:json}}');
  await save();
  await tries();
  await expect(step("密钥已设置").locator("code")).toContainText("还没有填写");
  await expect(step("服务商地址可以连上").locator("code")).toContainText("Connection refused");
  await isSeen(page, "door-sms-wrong");
  await editor.getByLabel("请求地址").fill(provider.url);
  await save();
  await key("密钥", "k1");
  await tries();
  await expect(step("服务商地址可以连上")).toContainText("✓");
  await expect(step("密钥已设置")).toContainText("✓");

  // A 公众号.
  await begins(/公众号、小程序/, "公众号");
  await editor.getByLabel("AppID").fill(Wechat.account);
  await editor.getByLabel("接口地址").fill(wechat.url);
  await save();
  await key("AppSecret", "wrong");
  await key("EncodingAESKey", "short");
  await tries();
  await expect(step("已填令牌 (Token)").locator("code")).toContainText("还没有填写");
  await expect(step("消息加解密密钥有效").locator("code")).toContainText("43");
  await expect(step("取得 access_token").locator("code")).toContainText("invalid appsecret (40125)");
  await isSeen(page, "door-wechat-wrong");
  await key("Token", Wechat.keys.token);
  await key("AppSecret", Wechat.keys.secret);
  await key("EncodingAESKey", Wechat.keys.aes_key);
  await tries();
  await expect(step("取得 access_token")).toContainText("✓");
  await expect(editor.getByRole("listitem").filter({ hasText: "✗" })).toHaveCount(0);
  provider.close();
  wechat.end();
  await mail.end();
});

test("SYS-01e: a mail that is about something else is split off, and two conversations become one again", async ({ browser, server }) => {
  const mail = await MailServer.starts();
  const admin = await Staff.signsIn(browser, server.url, ADMIN);
  await reads(admin, mail);
  const agent = await Staff.serves(browser, server.url, LIMIN);
  const { page } = agent;
  await mail.brings({ Subject: "Parcel", "Message-ID": "<p1@kunde.example>" }, "包裹到哪了？");
  const first = await agent.opens("Parcel");
  const split = page.getByRole("button", { name: "拆分为单独的会话" });
  await expect(split, "of one mail nothing can be split off").toHaveCount(0);
  await mail.brings({ Subject: "Invoice", "Message-ID": "<p2@kunde.example>", "In-Reply-To": "<p1@kunde.example>" }, "另外请开发票。");
  const invoice = agent.conversation.getByRole("region", { name: "Invoice" });
  await invoice.getByRole("button", { name: "拆分为单独的会话" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "拆分为单独的会话" }).click();
  await expect(page).toHaveURL((url) => /\/desk\/\d+$/.test(url.pathname) && !url.pathname.endsWith(first));
  await expect(invoice).toContainText("另外请开发票。");
  await isSeen(page, "door-mail-split");
  await page.goto(`${server.url}/console/desk/${first}`);
  await expect(agent.conversation.getByText(/邮件“Invoice”已拆分为单独的会话/)).toBeVisible();
  await mail.brings({ Subject: "Re: Invoice", "Message-ID": "<p3@kunde.example>", "In-Reply-To": "<p2@kunde.example>" }, "抬头写错了。");
  await agent.opens("Re: Invoice");
  await expect(page).not.toHaveURL(new RegExp(`${first}$`));

  // It was one matter after all.
  await agent.button("更多操作").click();
  await page.getByRole("menuitem", { name: /开始的会话合并/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "合并", exact: true }).click();
  await expect(agent.conversation.getByText("已合并到另一个会话")).toBeVisible();
  await mail.brings({ Subject: "Re: Re: Invoice", "Message-ID": "<p4@kunde.example>", "In-Reply-To": "<p3@kunde.example>" }, "收到了，谢谢。");
  await agent.opens("Re: Re: Invoice");
  await expect(page).toHaveURL(new RegExp(`${first}$`));
  await mail.end();
});

/** A picture of a moment that passes. */
const isSeen = (page: Page, name: string) => isDrawn(page, LOOKS[0], name);

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
