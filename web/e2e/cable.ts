// The line between a browser and the server, with a plug that can be pulled: in the middle of a frame if need be.

import { createConnection, createServer, type Server as Listener, type Socket } from "node:net";

export class Cable {
  private readonly ends = new Set<Socket>();
  private plugged = true;

  private constructor(
    readonly url: string,
    private readonly listener: Listener,
  ) {}

  static to(server: string): Promise<Cable> {
    const { hostname, port } = new URL(server);
    return new Promise((ready, failed) => {
      const listener = createServer((near) => {
        if (!cable.plugged) return void near.destroy();
        const far = createConnection(Number(port), hostname);
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const) {
          cable.ends.add(one);
          one.pipe(other);
          // A broken line breaks at both ends, whatever the reason.
          one.on("error", () => other.destroy());
          one.on("close", () => {
            cable.ends.delete(one);
            other.destroy();
          });
        }
      });
      let cable: Cable;
      listener.once("error", failed);
      listener.listen(0, "127.0.0.1", () => {
        const address = listener.address();
        if (typeof address !== "object" || !address) return failed(new Error("no port"));
        cable = new Cable(`http://127.0.0.1:${address.port}`, listener);
        ready(cable);
      });
    });
  }

  /** Everything that is on its way is gone, and nothing new goes through. */
  pull(): void {
    this.plugged = false;
    for (const end of this.ends) end.destroy();
  }

  plug(): void {
    this.plugged = true;
  }

  close(): void {
    this.pull();
    this.listener.close();
  }
}
