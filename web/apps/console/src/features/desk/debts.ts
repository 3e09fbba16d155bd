import type { ConversationRow, Event, Page } from "@yingda/wire";
import { shallowRef } from "vue";
import { api } from "../../api";
import { listen } from "../../floor/store";
import { may } from "../../session";

/** Closed conversations whose record this person still owes (待补记录, B-01), oldest first. */
export const debts = shallowRef<readonly ConversationRow[]>([]);

async function read(): Promise<void> {
  if (!may("consult_write")) return;
  const page = await api.get<Page<ConversationRow>>("/conversations", {
    query: { agent: "me", record_due: true, phase: "closed", limit: 100 },
  });
  debts.value = page.items.filter((it) => it.record_due).reverse();
}

const CHANGES = new Set<Event["kind"]>(["record_due", "record_saved", "wrap_up_ended", "conversation_closed", "conversation_reopened"]);

/** Reads the debts, and again whenever one may have come or gone. */
export function followDebts(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // A list that could not be read stays as it was; the next event tries again.
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void read().catch(() => undefined), 400);
  };
  soon();
  const stop = listen("event", (event) => CHANGES.has(event.kind) && soon());
  return () => {
    clearTimeout(timer);
    stop();
  };
}
