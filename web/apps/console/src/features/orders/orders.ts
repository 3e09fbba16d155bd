import type { OrderArrangement, OrderDraft, OrderLack, OrderNotice, OrderState, ShipmentWhat, StoredOrder, SubstituteOffer } from "@yingda/wire";
import type { Hue } from "@yingda/ui";
import { onScopeDispose } from "vue";
import { api } from "../../api";
import { listen } from "../../floor/store";
import { language, t } from "../../i18n";

/** What an order's state looks like. */
export const HUES: Record<OrderState, Hue> = { placed: "amber", confirmed: "blue", shipped: "accent", delivered: "green", returned: "violet", cancelled: "grey" };
export const STATES: readonly OrderState[] = ["placed", "confirmed", "shipped", "delivered", "returned", "cancelled"];

/** Cents as people read them. */
export function money(cents: number): string {
  return new Intl.NumberFormat(language() === "zh" ? "zh-CN" : "en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(cents / 100);
}
/** What was typed as an amount, in cents; nothing where it is none. */
export function cents(text: string): number | null {
  const plain = text.trim().replace(/[¥,，\s]/g, "");
  return /^\d{1,9}(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : null;
}
export const plainMoney = (value: number): string => (value / 100).toFixed(2);

export const goodsOf = (row: StoredOrder): string => row.order.order?.lines?.map((it) => (it.quantity === 1 ? it.name : `${it.name} × ${it.quantity}`)).join("、") ?? "";
export const whatName = (what: ShipmentWhat): string => t(`orders.what.${what}`);
export const lacksText = (lacks: readonly OrderLack[]): string => lacks.map((it) => t(`orders.lack.${it}`)).join(language() === "zh" ? "、" : ", ");
export const isWaiting = (it: OrderNotice): boolean => !it.sent_at && !it.undeliverable;

const at = (id: string, deed = ""): string => `/orders/${encodeURIComponent(id)}${deed}`;
export const readOrder = (id: string): Promise<StoredOrder> => api.get<StoredOrder>(at(id));
export const saveOrder = (row: StoredOrder, draft: OrderDraft): Promise<StoredOrder> => api.put<StoredOrder>(at(row.order.id), draft, { match: row.order.version });
export const makeOrder = (draft: OrderDraft): Promise<StoredOrder> => api.post<StoredOrder>("/orders", draft);
export const verifyOrder = (id: string, item: string, confirmed: boolean, how: string): Promise<StoredOrder> => api.post<StoredOrder>(at(id, "/verify"), { item, confirmed, how });
export const askCustomer = (id: string, text: string): Promise<StoredOrder> => api.post<StoredOrder>(at(id, "/ask"), { text });
export const reportTrouble = (id: string, what: string, sku: string, text: string): Promise<StoredOrder> => api.post<StoredOrder>(at(id, "/exception"), { what, sku, text });
export const substitutesFor = (id: string, exception: string): Promise<SubstituteOffer[]> => api.get<SubstituteOffer[]>(at(id, "/substitutes"), { query: { exception } });
export const offerSubstitute = (id: string, exception: string, sku: string, text: string): Promise<StoredOrder> => api.post<StoredOrder>(at(id, "/offer"), { exception, sku, text });
export const arrange = (id: string, what: OrderArrangement): Promise<StoredOrder> => api.post<StoredOrder>(at(id, "/arrange"), what);

/** Something of it is still being done: words that leave, a ticket that is opened. */
export const isUnderWay = (row: StoredOrder): boolean => (row.order.notices ?? []).some(isWaiting) || (row.order.exceptions ?? []).some((it) => !it.ticket && !it.without_ticket);

/** Calls back, after a moment of quiet, when a ticket changed somewhere: what is arranged moves its ticket. */
export function useOrderNews(call: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      call();
    }, 300);
  };
  const deaf = listen("event", (event) => event.kind.startsWith("ticket_") && soon());
  onScopeDispose(() => {
    deaf();
    clearTimeout(timer);
  });
}
