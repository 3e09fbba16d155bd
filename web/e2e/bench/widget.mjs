// What a first page view with the widget loads, and how soon its first message is durable. Prints one JSON object.

import { chromium } from "playwright-core";

const base = process.argv[2];
const VIEWS = 5;

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  chromiumSandbox: false,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

/** A first visit: an empty cache, an unknown visitor. */
async function view() {
  const context = await browser.newContext({ locale: "zh-CN" });
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  const urls = new Map();
  const loaded = [];
  network.on("Network.requestWillBeSent", ({ requestId, request }) => urls.set(requestId, request.url));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) =>
    loaded.push({ url: urls.get(requestId) ?? "", bytes: encodedDataLength }));
  // A frame of the same site shares the page's process, so its requests are seen here too.
  await page.goto(`${base}/demo/`, { waitUntil: "networkidle" });
  const own = loaded.filter(({ url }) => new URL(url, base).pathname.startsWith("/widget/"));

  const durable = new Promise((done) => {
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => {
      if (String(payload).includes('"kind":"message_posted"') && String(payload).includes("bench-first")) done();
    }));
  });
  const start = performance.now();
  await page.goto(`${base}/demo/`, { waitUntil: "commit" });
  const loader = page.locator("[data-yingda-open], #yingda-launcher, .yingda-launcher").or(
    page.getByRole("button", { name: /在线客服|咨询|聊天|客服|chat/i }));
  await loader.first().click();
  const frame = page.frameLocator("iframe");
  const box = frame.getByRole("textbox").last();
  await box.fill("bench-first");
  await box.press("Enter");
  await durable;
  const first_commit_ms = performance.now() - start;
  await context.close();
  return { gzip_bytes: own.reduce((sum, it) => sum + it.bytes, 0), requests: own.length, first_commit_ms, own };
}

const views = [];
for (let count = 0; count < VIEWS; count += 1) views.push(await view());
await browser.close();
const middle = views.map((it) => it.first_commit_ms).sort((a, b) => a - b)[Math.floor(VIEWS / 2)];
console.log(JSON.stringify({
  gzip_bytes: Math.max(...views.map((it) => it.gzip_bytes)),
  requests: Math.max(...views.map((it) => it.requests)),
  first_commit_ms: Math.round(middle),
  loaded: views[0].own.map((it) => ({ ...it, url: new URL(it.url).pathname })),
}));
