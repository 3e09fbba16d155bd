// A platform like WeChat's, from its public documents: tokens, customer-service messages, media, callbacks plain and
// encrypted. It shares nothing with the server under test. Tests steer it under /sim.

import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";

const state = { issued: 0, token: "", sent: [], kf: [], media: new Map(), closed: new Set(), refuse: 0, people: new Map(), states: new Map(), stuck: false, hung: null };

const sha1 = (parts) => createHash("sha1").update([...parts].sort().join("")).digest("hex");

function seal(aesKey, appId, text) {
  const key = Buffer.from(`${aesKey}=`, "base64");
  const message = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  const plain = Buffer.concat([randomBytes(16), length, message, Buffer.from(appId)]);
  const pad = 32 - (plain.length % 32);
  const cipher = createCipheriv("aes-256-cbc", key, key.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([plain, Buffer.alloc(pad, pad)]);
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString("base64");
}

const xml = (fields) =>
  `<xml>${Object.entries(fields)
    .map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
    .join("")}</xml>`;

/** Calls the server as the platform does. */
async function callback({ url, token, aes_key: aesKey, app_id: appId, fields }) {
  const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), randomBytes(4).toString("hex")];
  const query = new URLSearchParams({ timestamp, nonce, signature: sha1([token, timestamp, nonce]) });
  let body = xml(fields);
  if (aesKey) {
    const sealed = seal(aesKey, appId, body);
    query.set("encrypt_type", "aes");
    query.set("msg_signature", sha1([token, timestamp, nonce, sealed]));
    body = xml({ ToUserName: appId, Encrypt: sealed });
  }
  const answer = await fetch(`${url}?${query}`, { method: "POST", body });
  return { status: answer.status, body: await answer.text() };
}

async function prove({ url, token, aes_key: aesKey, app_id: appId }) {
  const [timestamp, nonce, plain] = ["1409735669", "n0nce", "5927782489442352469"];
  const echostr = aesKey ? seal(aesKey, appId, plain) : plain;
  const query = new URLSearchParams({ timestamp, nonce, echostr });
  if (aesKey) query.set("msg_signature", sha1([token, timestamp, nonce, echostr]));
  else query.set("signature", sha1([token, timestamp, nonce]));
  const answer = await fetch(`${url}?${query}`);
  return { status: answer.status, body: await answer.text() };
}

const sim = {
  "/sim/callback": callback,
  "/sim/prove": prove,
  "/sim/sent": () => state.sent,
  "/sim/expire": () => ({ token: (state.token = "") }),
  "/sim/close": ({ openid }) => ({ closed: state.closed.add(openid).size }),
  "/sim/refuse": ({ times }) => ({ refuse: (state.refuse = times) }),
  "/sim/kf": ({ messages }) => {
    for (const { origin, external_userid: person, open_kfid: desk } of messages) {
      const at = `${person} ${desk}`;
      // Whoever writes again after the end begins anew.
      if (origin === 3 && [undefined, 4].includes(state.states.get(at))) state.states.set(at, 0);
    }
    return { kf: state.kf.push(...messages) };
  },
  "/sim/person": ({ id, unionid, nickname }) => ({ people: state.people.set(id, { unionid, nickname }).size }),
  "/sim/state": ({ person, desk, to }) => {
    if (to !== undefined) state.states.set(`${person} ${desk}`, to);
    return { state: state.states.get(`${person} ${desk}`) };
  },
  "/sim/stick": ({ on }) => ({ stuck: (state.stuck = on) }),
  // While it hangs, who asks for media gets no answer.
  "/sim/hang": ({ on }) => {
    const waiting = state.hung ?? [];
    state.hung = on ? [] : null;
    for (const answer of waiting) answer();
    return { waited: waiting.length };
  },
  "/sim/keep": ({ id, base64 }) => ({ kept: state.media.set(id, Buffer.from(base64, "base64")).size }),
};

/** From a state of a conversation to others, as the platform allows it. */
const MOVES = { 0: [1, 2, 3, 4], 1: [1, 2, 3, 4], 2: [2, 3, 4], 3: [3, 4], 4: [] };

function serviceState(path, { external_userid: person, open_kfid: desk, service_state: to, servicer_userid: by }) {
  const at = `${person} ${desk}`;
  const now = state.states.get(at) ?? 4;
  if (path.endsWith("/get")) return { errcode: 0, errmsg: "ok", service_state: now };
  if (state.stuck) return { errcode: -1, errmsg: "system busy" };
  if (!MOVES[now].includes(to)) return { errcode: 95014, errmsg: "invalid state transition" };
  if (to === 3 && !by) return { errcode: 40058, errmsg: "missing servicer_userid" };
  state.states.set(at, to);
  return { errcode: 0, errmsg: "ok" };
}

const isToken = (url) => state.token !== "" && url.searchParams.get("access_token") === state.token;

function platform(path, url, body) {
  if (path === "/cgi-bin/stable_token" || path === "/cgi-bin/gettoken") {
    const asked = body.length ? JSON.parse(body) : { secret: url.searchParams.get("corpsecret") };
    if (asked.secret !== "s3cret") return { errcode: 40125, errmsg: "invalid appsecret" };
    state.token ||= `token-${++state.issued}`;
    return { access_token: state.token, expires_in: 7200 };
  }
  if (!isToken(url)) return { errcode: 42001, errmsg: "access_token expired" };
  if (path === "/cgi-bin/kf/sync_msg") {
    // Two at a time, so that there is more to come.
    const from = Number(JSON.parse(body).cursor || 0);
    const next = Math.min(from + 2, state.kf.length);
    const hasMore = next < state.kf.length ? 1 : 0;
    return { errcode: 0, next_cursor: String(next), has_more: hasMore, msg_list: state.kf.slice(from, next) };
  }
  if (path.startsWith("/cgi-bin/kf/service_state/")) return serviceState(path, JSON.parse(body));
  if (path === "/cgi-bin/user/info") {
    const known = state.people.get(url.searchParams.get("openid"));
    return { subscribe: 1, openid: url.searchParams.get("openid"), ...(known && { unionid: known.unionid }) };
  }
  if (path === "/cgi-bin/kf/customer/batchget") {
    const found = JSON.parse(body).external_userid_list.map((id) => ({ external_userid: id, nickname: `微信昵称${id.slice(-2)}`, ...state.people.get(id) }));
    return { errcode: 0, errmsg: "ok", customer_list: found };
  }
  if (path === "/cgi-bin/message/custom/send" || path === "/cgi-bin/kf/send_msg") {
    const message = JSON.parse(body);
    if (state.refuse > 0) {
      state.refuse -= 1;
      return { errcode: -1, errmsg: "system error" };
    }
    if (path.includes("/kf/") && (state.states.get(`${message.touser} ${message.open_kfid}`) ?? 4) > 1) {
      return { errcode: 95018, errmsg: "send msg session status invalid" };
    }
    if (state.closed.has(message.touser)) return { errcode: 45015, errmsg: "response out of time limit" };
    state.sent.push(message);
    return { errcode: 0, errmsg: "ok", msgid: 1000 + state.sent.length };
  }
  if (path === "/cgi-bin/media/upload") {
    const id = `media-${state.media.size + 1}`;
    state.media.set(id, body);
    return { type: url.searchParams.get("type"), media_id: id, created_at: 1 };
  }
  return { errcode: 40066, errmsg: "invalid url" };
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://platform");
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  if (url.pathname === "/cgi-bin/media/get" && isToken(url)) {
    if (state.hung) await new Promise((answer) => state.hung.push(answer));
    const kept = state.media.get(url.searchParams.get("media_id"));
    response.setHeader("content-type", kept ? "image/png" : "application/json");
    if (kept) response.setHeader("content-disposition", 'attachment; filename="photo.png"');
    response.end(kept ?? JSON.stringify({ errcode: 40007, errmsg: "invalid media_id" }));
    return;
  }
  const steer = sim[url.pathname];
  const answer = steer ? await steer(JSON.parse(body.length ? body : "{}")) : platform(url.pathname, url, body);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(answer));
});
server.listen(0, "127.0.0.1", () => console.log(String(server.address().port)));
