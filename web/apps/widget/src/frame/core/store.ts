// Where the widget remembers: in the host page's storage through the loader, or, on the full page, in its own.
// Reads never wait: the loader hands everything over at the start.

import type { ToHost } from "../../bridge";

export type Store = {
  get(key: string): string | null;
  keys(prefix: string): string[];
  /** `session` keeps it for this browser tab only. */
  set(key: string, value: string | null, session?: boolean): void;
  /** Another tab stored something. */
  changed(key: string, value: string | null): void;
  watch(key: string, heard: (value: string | null) => void): void;
};

type Keep = (key: string, value: string | null, session: boolean) => void;

function store(first: Record<string, string>, keep: Keep): Store {
  const values = new Map(Object.entries(first));
  const watchers = new Map<string, (value: string | null) => void>();
  const put = (key: string, value: string | null) => (value === null ? values.delete(key) : values.set(key, value));
  return {
    get: (key) => values.get(key) ?? null,
    keys: (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
    set(key, value, session = false) {
      put(key, value);
      keep(key, value, session);
    },
    changed(key, value) {
      put(key, value);
      watchers.get(key)?.(value);
    },
    watch: (key, heard) => void watchers.set(key, heard),
  };
}

export const hosted = (first: Record<string, string>, tell: (message: ToHost) => void): Store =>
  store(first, (key, value, session) => tell({ y: "set", key, value, session }));

/** The full page `/chat/…` is first-party itself. Where storage is forbidden, memory lasts as long as the page. */
export function own(widget: string): Store {
  const prefix = `yingda:${widget}:`;
  const first: Record<string, string> = {};
  let kept: [Storage, Storage] | null = null;
  try {
    kept = [localStorage, sessionStorage];
    for (const storage of kept)
      for (const [key, value] of Object.entries(storage))
        if (key.startsWith(prefix)) first[key.slice(prefix.length)] = value;
  } catch {
    kept = null;
  }
  const made = store(first, (key, value, session) => {
    const storage = kept?.[session ? 1 : 0];
    try {
      if (value === null) storage?.removeItem(prefix + key);
      else storage?.setItem(prefix + key, value);
    } catch {
      // The quota is full: what is on the screen stays.
    }
  });
  addEventListener("storage", ({ key, newValue, storageArea }) => {
    if (storageArea === kept?.[0] && key?.startsWith(prefix)) made.changed(key.slice(prefix.length), newValue);
  });
  return made;
}

export function read<T>(store: Store, key: string): T | null {
  try {
    return JSON.parse(store.get(key) ?? "null");
  } catch {
    return null;
  }
}
