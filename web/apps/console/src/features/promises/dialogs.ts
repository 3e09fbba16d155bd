import type { NewPromise, Pledge } from "@yingda/wire";
import { shallowRef } from "vue";

export type Deed = "keep" | "move" | "drop" | "give";
export type About = Pick<NewPromise, "ticket" | "conversation" | "customer">;

/** What somebody is about to do with a promise; one dialog stands for all lists. */
export const doing = shallowRef<{ promise: Pledge; deed: Deed } | null>(null);
export const begin = (promise: Pledge, deed: Deed): void => void (doing.value = { promise, deed });

/** What somebody is about to promise something for. */
export const making = shallowRef<About | null>(null);
export const beginNew = (about: About): void => void (making.value = about);
