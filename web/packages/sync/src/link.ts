import type { ClientFrame, ServerFrame } from "@yingda/wire";
import type { Open, Transport } from "./transport";

export type LinkState = "connecting" | "open" | "waiting" | "stopped";

export interface LinkOptions {
  /** Tried in order; one that never opens gives way to the next. */
  transports: Open[];
  /** The first frame of each connection. */
  hello: () => ClientFrame;
  frame: (frame: ServerFrame) => void;
  state?: (state: LinkState) => void;
  timing?: Partial<Timing>;
}

export interface Timing {
  /** No answer to the first frame within this: the way is blocked. */
  answer_ms: number;
  ping_ms: number;
  /** Nothing came so long after something was said: ask whether anybody is there. */
  unanswered_ms: number;
  /** No frame of any kind so long after a ping: the connection is dead. */
  silence_ms: number;
  retry_ms: number;
  retry_max_ms: number;
}

const USUAL: Timing = { answer_ms: 8_000, ping_ms: 20_000, unanswered_ms: 3_000, silence_ms: 6_000, retry_ms: 400, retry_max_ms: 15_000 };

/** Keeps one connection alive: opens, pings, notices death, opens again with growing and scattered pauses. */
export class Link {
  state: LinkState = "stopped";
  private transport: Transport | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private which = 0;
  private answered = false;
  private pings = 0;
  private pinged = false;
  private readonly echoes = new Map<number, () => void>();
  private readonly timing: Timing;

  constructor(private readonly options: LinkOptions) {
    this.timing = { ...USUAL, ...options.timing };
  }

  start(): void {
    if (this.state === "stopped" || this.state === "waiting") this.connect();
  }

  stop(): void {
    this.drop();
    this.enter("stopped");
  }

  /** Tries at once: the network came back, or the tab was woken. */
  nudge(): void {
    if (this.state === "waiting") this.connect();
    else if (this.state === "open") this.ping();
  }

  /** Sends when open. What must not be lost waits in an outbox and is sent again after the next opening. */
  send(frame: ClientFrame): boolean {
    if (!this.transport || this.state !== "open") return false;
    this.transport.send(frame);
    // A ping on its way has its own deadline, and more words must not put that off.
    if (!this.pinged) this.after(this.timing.unanswered_ms, () => this.ping());
    return true;
  }

  /** Calls back when the other end has taken in everything that was sent so far on this connection. */
  settled(act: () => void): void {
    if (!this.transport || this.state !== "open") return;
    this.echoes.set(++this.pings, act);
    this.transport.send({ t: "ping", id: this.pings });
  }

  private connect(): void {
    this.drop();
    this.enter("connecting");
    this.answered = false;
    const open = this.options.transports[this.which % this.options.transports.length];
    if (!open) throw new Error("a link needs at least one transport");
    // A transport may fail before `open` returns; only calls from the present one count.
    const present = {};
    this.current = present;
    const mine = () => this.current === present;
    const transport = open({
      open: () => mine() && this.transport?.send(this.options.hello()),
      frame: (frame) => mine() && this.receive(frame),
      closed: () => mine() && this.lost(),
    });
    if (!mine()) return transport.close();
    this.transport = transport;
    this.after(this.timing.answer_ms, () => this.lost());
  }
  private current: object | null = null;

  private receive(frame: ServerFrame): void {
    if (!this.answered) {
      this.answered = true;
      this.failures = 0;
      this.enter("open");
    }
    this.pinged = false;
    this.after(this.timing.ping_ms, () => this.ping());
    if (frame.t !== "pong") return this.options.frame(frame);
    const act = this.echoes.get(frame.id);
    this.echoes.delete(frame.id);
    act?.();
  }

  private ping(): void {
    this.pinged = true;
    this.transport?.send({ t: "ping", id: ++this.pings });
    this.after(this.timing.silence_ms, () => this.lost());
  }

  private lost(): void {
    const blocked = !this.answered;
    this.drop();
    this.failures += 1;
    // After two failures without any answer the next way is tried; the first comes round again later.
    if (blocked && this.failures % 2 === 0) this.which += 1;
    this.enter("waiting");
    const { retry_ms, retry_max_ms } = this.timing;
    const pause = Math.min(retry_max_ms, retry_ms * 2 ** Math.min(this.failures - 1, 10));
    this.after(pause / 2 + (Math.random() * pause) / 2, () => this.connect());
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.pinged = false;
    this.echoes.clear();
    this.current = null;
    this.transport?.close();
    this.transport = null;
  }

  private after(ms: number, act: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, ms);
  }

  private enter(state: LinkState): void {
    if (this.state === state) return;
    this.state = state;
    this.options.state?.(state);
  }
}
