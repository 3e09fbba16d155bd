// A customer's telephone: baresip, driven over its socket. It says a tone for as long as a call lasts.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./server.ts";

const RATE = 8_000;

/** A tone as a WAV of one channel. */
export function tone(hertz: number, seconds: number): Buffer {
  const count = RATE * seconds;
  const wav = Buffer.alloc(44 + count * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + count * 2, 4);
  wav.write("WAVEfmt ", 8);
  for (const [at, value] of [[16, 16], [24, RATE], [28, RATE * 2], [40, count * 2]] as const) wav.writeUInt32LE(value, at);
  for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]] as const) wav.writeUInt16LE(value, at);
  wav.write("data", 36);
  for (let at = 0; at < count; at += 1) wav.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * hertz * at) / RATE)), 44 + at * 2);
  return wav;
}

/** How strong a tone is in one side of a recording, from 0 to 1; silence does not count. */
export function strength(wav: Buffer, side: 0 | 1, hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / RATE);
  let [best, last, before, whole, count] = [0, 0, 0, 0, 0];
  for (let at = 44 + side * 2; at + 2 <= wav.length; at += 4) {
    const sample = wav.readInt16LE(at);
    [last, before] = [sample + turn * last - before, last];
    whole += sample * sample;
    count += 1;
    // The best twentieth of a second: an echo canceller may be at work in the rest.
    if (count === RATE / 20) {
      if (whole > count * 10_000) best = Math.max(best, (2 * (last * last + before * before - turn * last * before)) / (whole * count));
      [last, before, whole, count] = [0, 0, 0, 0];
    }
  }
  return best;
}

/** The interface that it takes, and its address: it refuses the loopback. */
export function outside(): { name: string; address: string } {
  for (const [name, all] of Object.entries(networkInterfaces()))
    for (const it of all ?? []) if (!it.internal && it.family === "IPv4") return { name, address: it.address };
  throw new Error("baresip takes an interface that is no loopback");
}

export class Caller {
  private said = "";
  private wake: () => void = () => undefined;

  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    private readonly control: Socket,
  ) {
    control.setEncoding("utf8").on("data", (text: string) => {
      this.said += text;
      this.wake();
    });
  }

  static async starts(number: string, hertz: number, exchange: string): Promise<Caller> {
    const folder = await mkdtemp(join(tmpdir(), "yingda-e2e-phone-"));
    const port = await freePort();
    const lines = [
      "poll_method epoll", "sip_listen 0.0.0.0:0", `audio_source aufile,${join(folder, "says.wav")}`, "audio_player aubridge,out", "audio_alert aubridge,alert",
      "module_path /usr/lib/baresip/modules", "module g711.so", "module aufile.so", "module aubridge.so", "module_tmp account.so", "module_app menu.so",
      "module_app ctrl_tcp.so", `ctrl_tcp_listen 127.0.0.1:${port}`, "",
    ];
    await writeFile(join(folder, "config"), lines.join("\n"));
    await writeFile(join(folder, "accounts"), `<sip:${number}@${exchange};transport=udp>;regint=0;audio_codecs=PCMA/8000/1\n`);
    await writeFile(join(folder, "contacts"), "");
    await writeFile(join(folder, "says.wav"), tone(hertz, 120));
    const child = spawn("baresip", ["-f", folder, "-n", outside().name], { stdio: "ignore" });
    return new Caller(folder, child, await opened(port));
  }

  private command(command: string, params = ""): void {
    const text = JSON.stringify({ command, params, token: "t" });
    this.control.write(`${text.length}:${text},`);
  }

  calls(address: string): void {
    this.command("dial", address);
  }

  /** Keys of the telephone, one after the other. */
  async presses(keys: string): Promise<void> {
    for (const key of keys) {
      this.command("sndcode", key);
      await this.hears('"response":true');
    }
  }

  hangsUp(): void {
    this.command("hangup");
  }

  /** Waits for an event, from the last one that was waited for on. */
  async waits(kind: string): Promise<void> {
    await this.hears(`"type":"${kind}"`);
  }

  private async hears(mark: string): Promise<void> {
    while (!this.said.includes(mark)) await new Promise<void>((woken) => (this.wake = woken));
    this.said = this.said.slice(this.said.indexOf(mark) + mark.length);
  }

  async ends(): Promise<void> {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGKILL");
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function opened(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise<boolean>((told) => socket.once("connect", () => told(true)).once("error", () => told(false)));
    if (open) return socket;
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
