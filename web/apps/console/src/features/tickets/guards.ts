import type { Field, TicketMove, TicketRow, TicketType } from "@yingda/wire";
import { lacking, type Answers } from "../../parts/answers";

/** Fields that a move asks for and that are not answered yet. */
export function lackingFor(kind: TicketType, way: TicketMove, answers: Answers): Field[] {
  return lacking(kind.fields.filter((it) => way.needs.includes(it.key)), answers, way.needs);
}

/** Whether somebody who may approve has to agree to it. */
export function needsApproval(way: TicketMove, answers: Answers): boolean {
  const amount = way.limit ? Number.parseFloat(answers[way.limit.field] ?? "") : Number.NaN;
  return way.approval || (way.limit !== null && amount > way.limit.most);
}

/** On how many different days the customer was tried to be reached. */
export const daysOf = (attempts: readonly number[]): number => new Set(attempts.map((at) => new Date(at).toDateString())).size;

/** Whether a move can be gone at once, as far as this side can tell; the server decides. */
export function isOpen(kind: TicketType, way: TicketMove, row: Pick<TicketRow, "values" | "checked">): boolean {
  return !way.needs_reason && lackingFor(kind, way, row.values).length === 0 && (!way.needs_checklist || kind.checklist.every((it) => row.checked.includes(it.key)));
}
