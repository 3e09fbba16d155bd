// A program outside that takes what we post, and answers as told.

import { createServer, type Server as Listener } from "node:http";

export class Receiver {
  /** What it answers from now on. */
  status = 200;
  /** And with these words. */
  answer = "";
  /** The bodies that came, in their order. */
  readonly heard: string[] = [];

  private constructor(
    readonly url: string,
    private readonly listener: Listener,
  ) {}

  static listens(): Promise<Receiver> {
    return new Promise((ready, failed) => {
      const listener = createServer((asked, answer) => {
        const parts: Buffer[] = [];
        asked.on("data", (part: Buffer) => parts.push(part));
        asked.on("end", () => {
          receiver.heard.push(Buffer.concat(parts).toString("utf8"));
          answer.writeHead(receiver.status).end(receiver.answer);
        });
      });
      let receiver: Receiver;
      listener.once("error", failed);
      listener.listen(0, "127.0.0.1", () => {
        const address = listener.address();
        if (typeof address !== "object" || !address) return failed(new Error("no port"));
        receiver = new Receiver(`http://127.0.0.1:${address.port}/hook`, listener);
        ready(receiver);
      });
    });
  }

  close(): void {
    this.listener.close();
    this.listener.closeAllConnections();
  }
}
