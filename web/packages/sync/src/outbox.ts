import type { Act, AgentAct, ClientFrame, ConversationId, Event, Refusal, ServerFrame, Tab, UserId } from "@yingda/wire";

/** A command that was given and not yet answered, or was refused and waits for the person's decision. */
export type Entry = {
  n: number;
  at: number;
  state: "pending" | "failed";
  /** After a refusal: what the server said. */
  code?: Refusal;
  message?: string;
} & ({ conversation: ConversationId; act: Act } | { agent: UserId; act: AgentAct });

/** Where entries live across reloads: one tab's own storage. */
export type Keep = Pick<Storage, "getItem" | "setItem">;

interface Kept {
  tab: Tab;
  counters: Record<string, number>;
  entries: Entry[];
}

/** Counters of commands that concern no conversation share one row. */
const NO_CONVERSATION = "";

/**
 * The tab's commands on their way. `n` counts per conversation; an entry leaves when its own event, `done` or
 * `refused` arrives, and everything still here is sent again after each new connection.
 */
export class Outbox {
  readonly tab: Tab;
  entries: Entry[] = [];
  private counters: Record<string, number> = {};

  constructor(
    private readonly keep: Keep,
    private readonly key: string,
    private readonly now: () => number,
    makeTab: () => Tab = randomTab,
  ) {
    const kept = read(keep, key);
    this.tab = kept?.tab ?? makeTab();
    this.counters = kept?.counters ?? {};
    this.entries = kept?.entries ?? [];
    this.save();
  }

  conversation(conversation: ConversationId, act: Act): Entry {
    return this.add({ conversation, act, ...this.next(conversation) });
  }

  agent(agent: UserId, act: AgentAct): Entry {
    return this.add({ agent, act, ...this.next(NO_CONVERSATION) });
  }

  frame(entry: Entry): ClientFrame {
    return "conversation" in entry
      ? { t: "do", conversation: entry.conversation, n: entry.n, base: this.base(entry.conversation), ...entry.act }
      : { t: "agent", agent: entry.agent, n: entry.n, ...entry.act };
  }

  /** Everything unanswered, in order: after a new connection. */
  again(conversation?: ConversationId): ClientFrame[] {
    return this.entries
      .filter((entry) => entry.state === "pending" && (conversation === undefined || row(entry) === conversation))
      .map((entry) => this.frame(entry));
  }

  /** Takes the answer to one of our commands; true when an entry was concerned. */
  settle(frame: ServerFrame): boolean {
    switch (frame.t) {
      case "event":
        return this.own(frame);
      case "done":
        return this.remove(frame.conversation ?? NO_CONVERSATION, frame.n);
      case "refused":
        return this.refuse(frame.conversation ?? NO_CONVERSATION, frame.n, frame.code, frame.message);
      default:
        return false;
    }
  }

  /** A failed entry was read and put away. */
  dismiss(entry: Entry): void {
    this.remove(row(entry), entry.n);
  }

  private own(event: Event): boolean {
    // An agent's own acts carry no number: the state they ask for is idempotent, and its event answers all of them.
    if (event.kind === "agent_state_changed") {
      const rest = this.entries.filter((it) => !("agent" in it) || it.agent !== event.agent);
      const found = rest.length < this.entries.length;
      this.entries = rest;
      if (found) this.save();
      return found;
    }
    if (event.from?.tab !== this.tab) return false;
    const on = event.on;
    const about = typeof on === "object" && "conversation" in on ? on.conversation : NO_CONVERSATION;
    return this.remove(about, event.from.n);
  }

  private refuse(about: string, n: number, code: Refusal, message: string): boolean {
    // Sent again from the missing one on: the entry stays as it is. Busy and away: the next connection tries again.
    if (code === "gap" || code === "busy" || code === "unavailable") return false;
    const entry = this.entries.find((it) => row(it) === about && it.n === n);
    if (!entry) return false;
    const { act } = entry;
    // Only words that a person wrote are kept to be tried again; any other refused act is told and gone.
    const words = act.do === "post" || act.do === "note";
    if (!words) return this.remove(about, n);
    Object.assign(entry, { state: "failed", code, message });
    this.entries = [...this.entries];
    this.save();
    return true;
  }

  private remove(about: string, n: number): boolean {
    const rest = this.entries.filter((it) => row(it) !== about || it.n !== n);
    const found = rest.length < this.entries.length;
    this.entries = rest;
    if (found) this.save();
    return found;
  }

  private add(entry: Entry): Entry {
    this.entries = [...this.entries, entry];
    this.save();
    return entry;
  }

  private next(about: string) {
    const n = (this.counters[about] ?? 0) + 1;
    this.counters[about] = n;
    return { n, at: this.now(), state: "pending" as const };
  }

  /** The lowest number still unanswered: what is below it never comes again. */
  private base(about: string): number {
    const open = this.entries.filter((it) => row(it) === about && it.state === "pending").map((it) => it.n);
    return open.length ? Math.min(...open) : (this.counters[about] ?? 0) + 1;
  }

  private save(): void {
    const kept: Kept = { tab: this.tab, counters: this.counters, entries: this.entries };
    this.keep.setItem(this.key, JSON.stringify(kept));
  }
}

const row = (entry: Entry): string => ("conversation" in entry ? entry.conversation : NO_CONVERSATION);

export const randomTab = (): Tab => crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;

function read(keep: Keep, key: string): Kept | null {
  const text = keep.getItem(key);
  return text ? (JSON.parse(text) as Kept) : null;
}
