import type { InjectionKey, Ref } from "vue";

/** Whether the record in the editor was never stored: then its kind may still be chosen. */
export const IS_NEW: InjectionKey<Ref<boolean>> = Symbol("isNew");
