import type { Colour, Stored, TicketRow, TicketType, TicketTypeId } from "@yingda/wire";
import { said } from "../../i18n";
import { recordsOf } from "../admin/records";

/** Kinds of tickets as they are now; those that run may be on an older version. */
export const kinds = (): Stored<"ticket_type">[] => recordsOf("ticket_type") as Stored<"ticket_type">[];

export const kindOf = (id: TicketTypeId | null | undefined): TicketType | undefined => kinds().find((it) => it.id === id)?.record;

export const kindName = (id: TicketTypeId): string => said(kindOf(id)?.name);

/** The kinds of which new tickets can be opened. */
export const openKinds = (): Stored<"ticket_type">[] => kinds().filter((it) => !it.record.retired);

export const stateName = (kind: TicketType | undefined, key: string): string => said(kind?.states.find((it) => it.key === key)?.name) || key;

const USUAL: Record<TicketRow["phase"], Colour> = { open: "amber", waiting: "blue", solved: "green", closed: "grey" };
export const stateHue = (kind: TicketType | undefined, row: Pick<TicketRow, "state" | "phase">): Colour =>
  kind?.states.find((it) => it.key === row.state)?.colour ?? USUAL[row.phase];

export const waysOf = (kind: TicketType | undefined, state: string) => (kind?.moves ?? []).filter((it) => it.from.includes(state));
