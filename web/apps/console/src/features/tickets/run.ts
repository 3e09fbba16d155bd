import type { TicketAct } from "@yingda/wire";
import { inject, type InjectionKey } from "vue";

/** Does something with the opened ticket; gives whether it is done. */
export type Run = (act: TicketAct) => Promise<boolean>;
export const RUN: InjectionKey<Run> = Symbol("run");
export const useRun = (): Run => inject(RUN, () => Promise.resolve(false));
