// Other people's servers: a mail server and a platform like WeChat's, as the tests of the server have them.

import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { binary } from "./server.ts";

/** A program that is told what to do line by line, and answers so. */
class Talk {
  private readonly waiting: ((line: string) => void)[] = [];
  private readonly said: string[] = [];
  private readonly lines: Interface;

  constructor(readonly child: ChildProcess) {
    if (!child.stdout) throw new Error("its output is not ours");
    this.lines = createInterface(child.stdout);
    this.lines.on("line", (line) => (this.waiting.length ? this.waiting.shift()?.(line) : this.said.push(line)));
  }

  next(): Promise<string> {
    const known = this.said.shift();
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((heard, failed) => {
      this.waiting.push(heard);
      this.child.once("exit", (code) => failed(new Error(`the peer ended with ${code}`)));
      this.child.once("error", failed);
    });
  }

  ask(line: string): Promise<string> {
    this.child.stdin?.write(`${line}\n`);
    return this.next();
  }

  async end(): Promise<void> {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.stdin?.end();
    await ended;
  }
}

interface Told {
  imap: number;
  smtp: number;
  password: string;
  /** The mailbox that is tested, and that of a customer. */
  house: string;
  customer: string;
  folder: string;
}

/** Dovecot and Postfix. */
export class MailServer {
  private constructor(
    private readonly talk: Talk,
    readonly told: Told,
  ) {}

  static async starts(): Promise<MailServer> {
    const talk = new Talk(spawn(join(dirname(binary()), "yingda-mail-peer"), { stdio: ["pipe", "pipe", "inherit"] }));
    return new MailServer(talk, JSON.parse(await talk.next()) as Told);
  }

  /** The customer writes to the house. */
  async brings(headers: Record<string, string>, text: string): Promise<void> {
    const { customer, house } = this.told;
    const proof = "mx.shop.example; spf=pass; dkim=pass; dmarc=pass";
    const head = { From: `王芳 <${customer}>`, To: house, Date: new Date().toUTCString().replace("GMT", "+0000"), "MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "8bit", "Authentication-Results": proof, ...headers };
    const mail = [...Object.entries(head).map(([name, value]) => `${name}: ${value}`), "", text, ""].join("\r\n");
    const file = join(tmpdir(), `yingda-mail-${crypto.randomUUID()}.eml`);
    await writeFile(file, mail);
    await this.talk.ask(`deliver ${file}`);
    await rm(file);
  }

  stops(): Promise<string> {
    return this.talk.ask("stop");
  }

  returns(): Promise<string> {
    return this.talk.ask("start");
  }

  /** What lies in the customer's mailbox, in the order in which it came. */
  async inbox(): Promise<string[]> {
    const names = await readdir(this.told.folder).catch(() => [] as string[]);
    return Promise.all(names.sort().map(async (name) => readable(await readFile(join(this.told.folder, name), "utf8"))));
  }

  end(): Promise<void> {
    return this.talk.end();
  }
}

/** A mail with its Base64 undone, for looking words up in it. */
const readable = (mail: string): string =>
  mail.replace(/(Content-Transfer-Encoding: base64\r?\n(?:.+\r?\n)*\r?\n)([A-Za-z0-9+/=\r\n]+)/g, (_, head: string, body: string) => head + Buffer.from(body, "base64").toString("utf8"));

/** 公众号: a follower writes, and what the account sends is kept. */
export class Wechat {
  static readonly keys = { token: "t0ken", secret: "s3cret", aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG" };
  static readonly account = "wx1";

  private constructor(
    private readonly talk: Talk,
    readonly url: string,
  ) {}

  static async starts(): Promise<Wechat> {
    const script = resolve(import.meta.dirname, "../../crates/peers/src/wechat.mjs");
    const talk = new Talk(spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] }));
    return new Wechat(talk, `http://127.0.0.1:${(await talk.next()).trim()}`);
  }

  /** Tells the platform what to do. */
  async steer<T>(what: string, body: object = {}): Promise<T> {
    return (await (await fetch(`${this.url}/sim/${what}`, { method: "POST", body: JSON.stringify(body) })).json()) as T;
  }

  /** The platform calls the server, sealed and signed; gives the status of the answer. */
  async calls(hook: string, openid: string, id: string, text: string): Promise<number> {
    const fields = { ToUserName: "gh_1", FromUserName: openid, CreateTime: "7", MsgType: "text", Content: text, MsgId: id };
    const { token, aes_key } = Wechat.keys;
    return (await this.steer<{ status: number }>("callback", { url: hook, token, aes_key, app_id: Wechat.account, fields })).status;
  }

  /** The texts that the account sent, each with whom it went to. */
  async sent(): Promise<{ touser: string; text: string }[]> {
    const all = await this.steer<{ touser: string; text?: { content: string } }[]>("sent");
    return all.map((it) => ({ touser: it.touser, text: it.text?.content ?? "" }));
  }

  end(): void {
    this.talk.child.kill();
  }
}
