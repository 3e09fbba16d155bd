// Somebody's own web site: a plain page with the widget's line in it, from an address that is not the server's.

import { createServer, type Server as Listener } from "node:http";

export class Site {
  private constructor(
    readonly url: string,
    private readonly listener: Listener,
  ) {}

  static with(snippet: string): Promise<Site> {
    const page = `<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>老张五金</title></head><body><h1>老张五金</h1><p>螺丝、扳手、水管配件。</p>${snippet}</body></html>`;
    return new Promise((ready, failed) => {
      const listener = createServer((_, answer) => answer.setHeader("content-type", "text/html; charset=utf-8").end(page));
      listener.once("error", failed);
      listener.listen(0, "127.0.0.1", () => {
        const address = listener.address();
        if (typeof address !== "object" || !address) return failed(new Error("no port"));
        ready(new Site(`http://127.0.0.1:${address.port}/`, listener));
      });
    });
  }

  close(): void {
    this.listener.close();
    this.listener.closeAllConnections();
  }
}
