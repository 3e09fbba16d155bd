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

/** Somebody must be there to answer, or the widget offers a form instead of a chat. */
async function agent() {
  const page = await browser.newPage();
  await page.goto(`${base}/demo/`);
  await page.evaluate(async () => {
    const headers = { "content-type": "application/json", "x-yingda": "1" };
    const body = JSON.stringify({ login: "limin", password: "yingda-demo" });
    const me = await (await fetch("/api/v1/session", { method: "POST", headers, body })).json();
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/v1/ws`);
    await new Promise((open) => (socket.onopen = open));
    const desk = new Promise((done) => (socket.onmessage = done));
    socket.send(JSON.stringify({ t: "console", tab: 1, level: 1 }));
    await desk;
    const ready = new Promise((done) => (socket.onmessage = ({ data }) => data.includes('"agent_state_changed"') && done()));
    socket.send(JSON.stringify({ t: "agent", agent: me.id, n: 1, do: "set_state", state: "ready" }));
    await ready;
  });
}

/**
 * Runs in the page: a visitor who acts the moment there is something to act on, so that what is measured is how soon the
 * widget is ready for each step and not how fast a robot's hands are.
 */
async function visit() {
  if (window !== window.top) return;
  const there = (find) =>
    new Promise((found) => {
      const look = () => {
        const it = find();
        if (it) found(it);
        else requestAnimationFrame(look);
      };
      look();
    });
  const inWidget = (what) => document.getElementById("yingda")?.shadowRoot?.querySelector(what);
  const inFrame = (what) => there(() => inWidget("iframe")?.contentDocument?.querySelector(what));
  (await there(() => inWidget("button[aria-haspopup=dialog]"))).click();
  const box = await inFrame("textarea:not([disabled])");
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value").set.call(box, "bench-first");
  box.dispatchEvent(new InputEvent("input", { bubbles: true }));
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  // Where the widget has a privacy notice, it is accepted before anything is sent.
  (await inFrame("form .consent input[type=checkbox]")).click();
  (await inFrame("form button.main:not([disabled])")).click();
}

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
  // The handshake is a request too, and what the server says first is a part of the page view.
  network.on("Network.webSocketCreated", ({ requestId, url }) => {
    urls.set(requestId, url);
    loaded.push({ url, bytes: 0 });
  });
  network.on("Network.webSocketFrameReceived", ({ requestId, response }) => {
    if (!response.payloadData.includes('"t":"welcome"')) return;
    loaded.find(({ url }) => url === urls.get(requestId)).bytes += Buffer.byteLength(response.payloadData);
  });
  const durable = new Promise((done) => {
    network.on("Network.webSocketFrameReceived", ({ response: { payloadData } }) => {
      if (payloadData.includes('"kind":"message_posted"') && payloadData.includes("bench-first")) done();
    });
  });

  // A frame of the same site shares the page's process, so its requests are seen here too.
  await page.addInitScript(visit);
  const start = performance.now();
  await page.goto(`${base}/demo/`, { waitUntil: "commit" });
  await durable;
  const first_commit_ms = performance.now() - start;
  const own = loaded.filter(({ url }) => /^\/(widget|api)\//.test(new URL(url, base).pathname)).map((it) => ({ ...it }));
  await context.close();
  return { gzip_bytes: own.reduce((sum, it) => sum + it.bytes, 0), requests: own.length, first_commit_ms, own };
}

await agent();
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
