import type { Page, Stored, VisitorId } from "@yingda/wire";
import { api } from "../../api";

export type Ban = Stored<"ban">;

/** The record that keeps this visitor out now, where there is one. */
export async function banOf(visitor: VisitorId): Promise<Ban | null> {
  const { items } = await api.get<Page<Ban>>("/records/ban", { query: { q: visitor, limit: 50 } });
  const holds = ({ record }: Ban) => record.what === "visitor" && record.value === visitor && (record.until_at ?? Infinity) > Date.now();
  return items.find(holds) ?? null;
}

export const ban = (visitor: VisitorId, why: string, until_at: number | null): Promise<Ban> =>
  api.post<Ban>("/records/ban", { kind: "ban", what: "visitor", value: visitor, why, until_at });

export const unban = (it: Ban): Promise<void> => api.delete(`/records/ban/${it.id}`, undefined, { match: it.version });
