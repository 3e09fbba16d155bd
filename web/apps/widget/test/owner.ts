// The owner's side of the protocol in miniature: what it takes, what it answers. The rules are the house's:
// it takes `n = max(last + 1, base)`, answers `done` to what it took before, `gap` to what is missing something.

import type { ClientFrame, Event, Refused, ServerFrame } from "../src/wire";

export class Owner {
  seq = 100;
  events: Event[] = [];
  /** Conversations that were closed for good. */
  readonly over = new Set<string>();
  private last = new Map<string, number>();
  private started = new Map<string, string>();
  private count = 0;

  /** `countsStart`: whether the conversation remembers the start's own number. Both kinds of owner must work. */
  constructor(private readonly countsStart: boolean) {}

  texts = () => this.events.flatMap((event) => (event.kind === "message_posted" && event.type === "text" ? [event.text] : []));

  take(tab: number, frame: ClientFrame): ServerFrame[] {
    if (frame.t === "start") {
      const name = `${tab}:${frame.n}`;
      const before = this.started.get(name);
      if (before) return [{ t: "done", n: frame.n, conversation: before, seq: this.seq }];
      const conversation = `c${++this.count}`;
      this.started.set(name, conversation);
      if (this.countsStart) this.last.set(`${tab}:${conversation}`, frame.n);
      const told = [this.tell(tab, frame.n, conversation, { kind: "conversation_started" })];
      if (frame.content) told.push(this.tell(tab, frame.n, conversation, { kind: "message_posted", ...frame.content }));
      return told;
    }
    if (frame.t !== "do") return [];
    const { conversation, n, base } = frame;
    const name = `${tab}:${conversation}`;
    const last = this.last.get(name) ?? 0;
    const no = (code: string, expected?: number): Refused => ({
      t: "refused", n, conversation, code, message: code, ...(expected ? { expected } : {}),
    });
    if (n <= last) return [{ t: "done", n, conversation, seq: this.seq }];
    const expected = Math.max(last + 1, base);
    if (n > expected) return [no("gap", expected)];
    if (this.over.has(conversation)) return [no("closed")];
    this.last.set(name, n);
    if (frame.do !== "post") return [{ t: "done", n, conversation, seq: this.seq }];
    const { do: _, t: __, base: ___, n: ____, conversation: _____, ...content } = frame;
    return [this.tell(tab, n, conversation, { kind: "message_posted", ...content })];
  }

  private tell(tab: number, n: number, conversation: string, fact: object): { t: "event" } & Event {
    const event = { seq: (this.seq += 2), at: this.seq, on: { conversation }, by: { type: "visitor", id: "v" }, from: { tab, n }, ...fact } as Event;
    this.events.push(event);
    return { t: "event", ...event };
  }
}
