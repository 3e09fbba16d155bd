import { Outbox } from "@yingda/sync";
import type { UserId } from "@yingda/wire";

/**
 * This tab's outbox. A duplicated tab copies its storage and would count the same numbers twice, so the name is
 * held by a lock, and whoever does not get it starts with a new one.
 */
export async function openOutbox(user: UserId): Promise<Outbox> {
  const key = `yingda-outbox-${user}`;
  const kept = new Outbox(sessionStorage, key, Date.now);
  if (await hold(kept.tab)) return kept;
  sessionStorage.removeItem(key);
  const fresh = new Outbox(sessionStorage, key, Date.now);
  await hold(fresh.tab);
  return fresh;
}

function hold(tab: number): Promise<boolean> {
  if (!("locks" in navigator)) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(`yingda-tab-${tab}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      // Held until the tab ends.
      return lock ? new Promise<never>(() => undefined) : undefined;
    });
  });
}
