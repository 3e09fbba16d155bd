// Keeps one link alive: tries both ways, waits with jitter between tries, notices a dead line by silence.

import { choose, pause, socket, stream, type Link, type Way } from "./link";
import type { ClientFrame, Hello, ServerFrame } from "../../wire";

const PING_MS = 25_000;
/** A line that is silent for so long after a ping, or gives no welcome, is dead. */
const SILENCE_MS = 10_000;
/** A proxy that lets a socket open but passes nothing must not hold up the first message for long. */
const WELCOME_MS = 6_000;

export type State = "connecting" | "open" | "lost";

export class Connection {
  private link: Link | null = null;
  private failures = 0;
  private worked: Way | null = null;
  private retry = 0;
  private ping = 0;
  private deadline = 0;
  private ended = false;

  constructor(
    private readonly origin: string,
    private readonly hello: () => Hello,
    private readonly ears: { frame(frame: ServerFrame): void; state(state: State): void },
  ) {
    // The network is back, or the page is looked at again: no reason to wait.
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  open() {
    this.ended = false;
    const way = choose(this.failures, this.worked);
    let alive = true;
    const lost = () => {
      if (!alive) return;
      alive = false;
      link.close();
      if (this.link === link) this.lost();
    };
    const ears = {
      open: () => alive && link.send(this.hello()),
      frame: (frame: ServerFrame) => {
        if (!alive) return;
        clearTimeout(this.deadline);
        if (frame.t === "welcome") {
          this.failures = 0;
          this.worked = way;
          this.beat();
          this.ears.frame(frame);
          this.ears.state("open");
        } else this.ears.frame(frame);
      },
      closed: lost,
    };
    const link = way === "socket" ? socket(this.origin, ears) : stream(this.origin, this.hello().token ?? null, ears);
    this.link = link;
    this.deadline = window.setTimeout(lost, WELCOME_MS);
  }

  send(frame: ClientFrame) {
    this.link?.send(frame);
    // Every act is answered.
    if (frame.t === "do") this.expect();
  }

  /** Greets anew at once: who the visitor is, or what they have, is no longer what the server was told. */
  again() {
    const link = this.link;
    this.link = null;
    link?.close();
    clearInterval(this.ping);
    clearTimeout(this.deadline);
    clearTimeout(this.retry);
    this.open();
  }

  /** Ends for good: the server said that it is pointless to come again. */
  end() {
    this.ended = true;
    this.drop();
  }

  private beat() {
    clearInterval(this.ping);
    this.ping = window.setInterval(() => {
      this.send({ t: "ping", id: 1 });
      this.expect();
    }, PING_MS);
  }

  /** Some frame has to come, or the line is dead. */
  private expect() {
    clearTimeout(this.deadline);
    this.deadline = window.setTimeout(() => this.drop(), SILENCE_MS);
  }

  private drop() {
    const link = this.link;
    if (!link) return;
    this.link = null;
    link.close();
    this.lost();
  }

  private hurry() {
    if (this.link || this.ended) return;
    clearTimeout(this.retry);
    this.open();
  }

  private lost() {
    this.link = null;
    clearInterval(this.ping);
    clearTimeout(this.deadline);
    this.ears.state("lost");
    if (this.ended) return;
    this.failures += 1;
    this.retry = window.setTimeout(() => this.open(), pause(this.failures, Math.random()));
  }
}
