// The real server, one for each story, on a free port and with a copy of the demo's data.

import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Where the seed's data lies, and what the server said when it was loaded. */
export const SEED = "YINGDA_E2E_SEED";

export const binary = () => process.env.YINGDA ?? resolve(import.meta.dirname, "../../target/debug/yingda");

export class Server {
  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly words: string[],
    private readonly more: Record<string, string>,
    private child: ChildProcess,
  ) {}

  /** With the demo's shop and people: from the seed's copy when there is one. */
  static async start(environment: Record<string, string> = {}): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), "yingda-e2e-"));
    const seed = process.env[SEED];
    if (seed) await cp(join(seed, "data"), join(folder, "data"), { recursive: true });
    return Server.serve(folder, ["--demo"], environment);
  }

  /** As a company starts: nobody is there, and the server prints a link for the first. */
  static async empty(): Promise<Server> {
    return Server.serve(await mkdtemp(join(tmpdir(), "yingda-e2e-")), []);
  }

  private static async serve(folder: string, more: string[], environment: Record<string, string> = {}): Promise<Server> {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const words = ["serve", "--listen", address, "--data", join(folder, "data"), ...more];
    const server = new Server(`http://${address}`, folder, words, environment, await launched(folder, words, environment));
    await server.ready();
    return server;
  }

  /** Ends as a machine does whose plug is pulled: without a word. */
  async dies(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** The same store under the same address. */
  async returns(): Promise<void> {
    this.child = await launched(this.folder, this.words, this.more);
    await this.ready();
  }

  private async ready(): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`the server ended: ${await this.log()}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  get data(): string {
    return this.folder;
  }

  log(): Promise<string> {
    return readFile(join(this.folder, "server.log"), "utf8");
  }

  /** Ends the process and waits for it; its folder stays. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    await this.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function launched(folder: string, words: string[], more: Record<string, string>): Promise<ChildProcess> {
  const log = await open(join(folder, "server.log"), "a");
  const environment = {
    ...process.env,
    YINGDA_LIMITS_SIGN_IN_PER_MINUTE: "1000",
    YINGDA_LIMITS_HELLO_PER_MINUTE: "10000",
    // A story's own receivers live on this machine, and what they refuse is given up within seconds.
    YINGDA_OUTGOING_PRIVATE_NETWORKS: "127.0.0.0/8",
    YINGDA_OUTGOING_RETRY_MS: "1",
    ...more,
  };
  const child = spawn(binary(), words, { stdio: ["ignore", log.fd, log.fd], env: environment });
  await log.close();
  return child;
}

export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address ? found(address.port) : failed(new Error("no port"))));
    });
  });
}
