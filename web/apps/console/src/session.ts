import type { Action, Me, SignIn } from "@yingda/wire";
import { computed, shallowRef } from "vue";
import { api, ApiError } from "./api";

/** Who is signed in. `undefined`: not asked yet. */
export const me = shallowRef<Me | null | undefined>(undefined);

export async function whoAmI(): Promise<Me | null> {
  try {
    me.value = await api.get<Me>("/me");
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    me.value = null;
  }
  return me.value;
}

export async function signIn(with_: SignIn): Promise<void> {
  me.value = await api.post<Me>("/session", with_);
}

export async function signOut(): Promise<void> {
  await api.delete("/session");
  me.value = null;
}

/** Whether one may do this at all; how far it reaches, the server decides for each thing. */
export const may = (action: Action): boolean => me.value?.may[action] !== undefined;

export const mayAny = (actions: Action[]): boolean => actions.length === 0 || actions.some(may);

export const isAgent = computed(() => may("conversation_serve"));
