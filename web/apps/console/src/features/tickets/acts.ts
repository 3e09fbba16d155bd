import type { StoredTicket, TicketAct, TicketId, TicketRow } from "@yingda/wire";
import { api } from "../../api";

export const actOn = (ticket: TicketId, act: TicketAct): Promise<StoredTicket> => api.post<StoredTicket>(`/tickets/${ticket}/acts`, act);

export const readTicket = (idOrSerial: string): Promise<StoredTicket> => api.get<StoredTicket>(`/tickets/${encodeURIComponent(idOrSerial)}`);

/** A ticket as a list shows it. */
export function rowOf(it: StoredTicket): TicketRow {
  const { kind: _kind, tasks: _tasks, linked: _linked, parent_row: _parent, may_write: _write, may_assign: _assign, may_approve: _approve, ...row } = it;
  return row;
}
