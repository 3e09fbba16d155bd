import type { CustomerColumn } from "@yingda/wire";

/** What a column of a table may hold, apart from the site's own fields. */
export const PLAIN = ["none", "name", "phone", "email", "company", "address", "note", "external_id", "vip", "kind", "tier", "area", "owner", "tags", "other_phone", "other_email"] as const;

/** A column as one key, for a menu; own fields are `field:room`. */
export const columnKey = (it: CustomerColumn): string => (typeof it === "string" ? it : `field:${it.field}`);
export const columnOf = (key: string): CustomerColumn => (key.startsWith("field:") ? { field: key.slice("field:".length) } : (key as CustomerColumn));
