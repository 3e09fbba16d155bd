import type { Conversation } from "@yingda/wire";
import { computed, type ComputedRef } from "vue";
import { may, me } from "../../session";

/** What this person may do to this conversation now. The server decides again for each command. */
export interface Allowed {
  holds: boolean;
  guest: boolean;
  reply: boolean;
  accept: boolean;
  decline: boolean;
  pick: boolean;
  transfer: boolean;
  invite: boolean;
  close: boolean;
  endWrapUp: boolean;
  takeOver: boolean;
  reassign: boolean;
  returnToQueue: boolean;
  askRating: boolean;
  spam: boolean;
  /** Tags, flag, follow-up: whoever serves it or may supervise. */
  mark: boolean;
}

export function useAllowed(of: () => Conversation): ComputedRef<Allowed> {
  return computed(() => {
    const it = of();
    const id = me.value?.id ?? "";
    const holds = it.agent === id && (it.phase === "active" || it.phase === "wrap_up");
    const guest = (it.guests ?? []).includes(id) && it.phase === "active";
    const active = holds && it.phase === "active";
    const offered = it.phase === "offered" && it.offer?.agent === id;
    const waits = it.phase === "waiting" || it.phase === "offered";
    return {
      holds,
      guest,
      // Whoever calls reads nothing.
      reply: (active || guest) && it.medium !== "voice",
      accept: offered,
      decline: offered && may("conversation_decline"),
      pick: waits && !offered && may("conversation_pick"),
      transfer: active && may("conversation_transfer"),
      invite: active,
      close: active || (it.phase === "active" && may("conversation_take_over")),
      endWrapUp: holds && it.phase === "wrap_up",
      takeOver: it.phase === "active" && !holds && may("conversation_take_over"),
      reassign: it.phase === "active" && !holds && may("conversation_reassign"),
      returnToQueue: active,
      askRating: active && (it.rating ?? null) === null,
      spam: it.phase !== "closed" && may("conversation_spam"),
      mark: holds || guest || may("conversation_monitor"),
    };
  });
}
