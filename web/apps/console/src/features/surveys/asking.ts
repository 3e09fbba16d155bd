import type { AskSurvey } from "@yingda/wire";
import { shallowRef } from "vue";

/** About what somebody is about to be asked; one dialog stands for the whole console. */
export const asking = shallowRef<AskSurvey | null>(null);
export const beginAsking = (about: AskSurvey): void => void (asking.value = about);
