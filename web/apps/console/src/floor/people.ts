import type { Conversation, ConversationFound, CustomerId, StoredCustomer, VisitorId } from "@yingda/wire";
import { shallowReactive } from "vue";
import { api } from "../api";
import { t } from "../i18n";
import { may } from "../session";
import { desk } from "./store";

const customers = shallowReactive(new Map<CustomerId, StoredCustomer>());
const asked = new Set<CustomerId>();

/** A customer as last read; asks for it once when it is not here. */
export function customerOf(id: CustomerId | null | undefined): StoredCustomer | undefined {
  if (!id) return undefined;
  if (!asked.has(id) && may("customer_read")) {
    asked.add(id);
    void readCustomer(id).catch(() => asked.delete(id));
  }
  return customers.get(id);
}

export async function readCustomer(id: CustomerId): Promise<StoredCustomer> {
  const read = await api.get<StoredCustomer>(`/customers/${id}`);
  keepCustomer(read);
  return read;
}

export function keepCustomer(read: StoredCustomer): void {
  asked.add(read.id);
  customers.set(read.id, read);
}

const named = shallowReactive(new Map<VisitorId, string>());
const askedFor = new Set<VisitorId>();

/** What somebody who came by a channel is called there; asked for once. Visitors of a page tell it while they are on it. */
function nameOf(it: Pick<Conversation, "id" | "visitor" | "channel">): string | undefined {
  if (it.channel && !askedFor.has(it.visitor)) {
    askedFor.add(it.visitor);
    api.get<ConversationFound>(`/conversations/${it.id}`).then(
      ({ row }) => named.set(it.visitor, row.customer_name),
      () => askedFor.delete(it.visitor),
    );
  }
  return named.get(it.visitor);
}

/** How the list calls the person: by name where it is known, else a visitor with the end of the number. */
export function personOf(it: Pick<Conversation, "id" | "customer" | "visitor" | "channel">): string {
  const live = desk.value?.visitors.get(it.visitor)?.name;
  return customerOf(it.customer)?.customer.name || live || nameOf(it) || t("shell.visitor", { number: it.visitor.slice(-4) });
}
