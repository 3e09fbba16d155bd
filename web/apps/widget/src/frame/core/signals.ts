// Values that tell who reads them. As little of it as the widget needs: a ready-made library is a tenth of what
// the frame may weigh. Effects run once per turn, after everything that changed in it.

type Reader = { sources: Set<Set<Reader>>; stale(): void };

let reader: Reader | null = null;

function track(readers: Set<Reader>) {
  if (!reader) return;
  readers.add(reader);
  reader.sources.add(readers);
}

function reading<T>(who: Reader, body: () => T): T {
  for (const readers of who.sources) readers.delete(who);
  who.sources.clear();
  const outer = reader;
  reader = who;
  try {
    return body();
  } finally {
    reader = outer;
  }
}

const spread = (readers: Set<Reader>) => {
  for (const one of [...readers]) one.stale();
};

export type Signal<T> = { value: T };

export function signal<T>(value: T): Signal<T> {
  const readers = new Set<Reader>();
  return {
    get value() {
      track(readers);
      return value;
    },
    set value(next) {
      if (Object.is(next, value)) return;
      value = next;
      spread(readers);
    },
  };
}

/** Worked out when it is read and something under it changed. */
export function computed<T>(body: () => T): { readonly value: T } {
  const readers = new Set<Reader>();
  let known: { value: T } | null = null;
  const own: Reader = {
    sources: new Set(),
    stale() {
      if (!known) return;
      known = null;
      spread(readers);
    },
  };
  return {
    get value() {
      track(readers);
      return (known ??= { value: reading(own, body) }).value;
    },
  };
}

const due = new Set<() => void>();

function settle() {
  for (const run of due) {
    due.delete(run);
    try {
      run();
    } catch (error) {
      // One effect's mistake must not keep the others from running.
      setTimeout(() => {
        throw error;
      });
    }
  }
}

export function effect(body: () => void) {
  const run = () => reading(own, body);
  const own: Reader = {
    sources: new Set(),
    stale() {
      if (!due.size) queueMicrotask(settle);
      due.add(run);
    },
  };
  run();
}
