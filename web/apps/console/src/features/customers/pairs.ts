import type { StoredCustomer } from "@yingda/wire";
import { customerSettings } from "../../floor/customers";
import { said, t } from "../../i18n";

export const nameOfCustomer = (it: StoredCustomer): string => it.customer.name || it.customer.phone || it.customer.email || it.id;

/** What two customers share, as people call it; own fields come as `values.room`. */
export function shareName(key: string): string {
  if (!key.startsWith("values.")) return t(`customers.pair.share.${key}`);
  const own = key.slice("values.".length);
  return said(customerSettings().fields.find((it) => it.key === own)?.label) || own;
}
