import type { InjectionKey, Ref } from "vue";

/** The whole record that is being written, for inputs that choose among its parts. */
export const DRAFT: InjectionKey<Ref<Record<string, unknown> | null>> = Symbol("draft");
/** The list in which an item stands, for inputs that name its neighbours. */
export const SIBLINGS: InjectionKey<Ref<unknown[]>> = Symbol("siblings");
