// Which sender this tab is. A name and its outbox survive a reload; a name held by an open tab is never shared;
// an outbox that a closed tab left unsent is taken over together with its name, so nothing is sent twice.

import { empty, type Outbox } from "./outbox";
import { read, type Store } from "./store";

const DAY_MS = 86_400_000;
const LEFT = "out:";

/** The tab remembers all of it; what is unsent is also kept where another tab finds it. */
export function keep(store: Store, box: Outbox) {
  const text = JSON.stringify(box);
  store.set("box", text, true);
  const left = LEFT + box.tab;
  if (box.pending.length) store.set(left, text);
  else if (store.get(left)) store.set(left, null);
}

/** Holds a name for as long as the page lives. Where the browser has no locks, it trusts that nobody else has it. */
async function claim(name: string): Promise<boolean> {
  if (!navigator.locks) return true;
  return new Promise((settled) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        settled(lock !== null);
        return lock && new Promise<void>((free) => addEventListener("pagehide", () => free(), { once: true }));
      })
      .catch(() => settled(true));
  });
}

/** What other tabs left unsent, and not too long ago. */
export const orphans = (store: Store, now: number): Outbox[] =>
  store
    .keys(LEFT)
    .map((key) => read<Outbox>(store, key))
    .filter((box): box is Outbox => !!box?.pending.length && box.pending.every(({ at }) => now - at < DAY_MS));

export async function take(store: Store, widget: string, now: number): Promise<Outbox> {
  const mine = read<Outbox>(store, "box");
  const left = navigator.locks ? orphans(store, now) : [];
  for (const box of [...(mine ? [mine] : []), ...left])
    if (await claim(`yingda:${widget}:${box.tab}`)) return box;
  const tab = crypto.getRandomValues(new Uint32Array(1))[0]! || 1;
  await claim(`yingda:${widget}:${tab}`);
  return empty(tab);
}
