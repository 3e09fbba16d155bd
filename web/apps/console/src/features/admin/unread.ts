import { inject, onScopeDispose, provide, reactive, type InjectionKey } from "vue";

const KEY: InjectionKey<Set<symbol>> = Symbol("unread");

/** The inputs of an editor whose text cannot be read: while there are any, nothing may be saved without it. */
export function keepUnread(): ReadonlySet<symbol> {
  const unread = reactive(new Set<symbol>());
  provide(KEY, unread);
  return unread;
}

/** For an input: tells its editor whether it could be read. */
export function tellUnread(): (isUnread: boolean) => void {
  const unread = inject(KEY, null);
  const mine = Symbol();
  onScopeDispose(() => unread?.delete(mine));
  return (isUnread) => void (isUnread ? unread?.add(mine) : unread?.delete(mine));
}
