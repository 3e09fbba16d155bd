// Tickets as the console reckons them: what is left of a clock, what a move lacks, which fields are asked for, what a list is asked.
import type { Field, RunningClock, TicketMove, TicketState, TicketType } from "@yingda/wire";
import { expect, test } from "vitest";
import { columns, draw } from "../src/features/admin/tickets/picture";
import { mostUrgent, parts, readClock } from "../src/features/tickets/clock";
import { daysOf, isOpen, lackingFor, needsApproval } from "../src/features/tickets/guards";
import { question, readView } from "../src/features/tickets/views";
import { applies, changedAnswers, isAnswered, lacking } from "../src/parts/answers";

const HOUR = 3_600_000;
const clock = (more: Partial<RunningClock> = {}): RunningClock => ({
  key: "solve", calendar: null, started_at: 0, due_at: 10 * HOUR, paused_at: null, paused_ms: 0, stopped_at: null, left_ms: 0, told: 0, late: false, ...more,
});

test.each([
  ["plenty is left", clock(), 2 * HOUR, { state: "runs", share: 0.8, hue: "green" }],
  ["less than half", clock(), 6 * HOUR, { state: "runs", share: 0.4, hue: "amber" }],
  ["nearly over", clock(), 9 * HOUR, { state: "runs", share: 0.1, hue: "red" }],
  ["over", clock({ late: true }), 12 * HOUR, { state: "runs", share: 0, left_ms: -2 * HOUR, hue: "red" }],
  ["standing still", clock({ paused_at: 2 * HOUR, left_ms: 8 * HOUR }), 5 * HOUR, { state: "paused", left_ms: 8 * HOUR, gross_ms: 5 * HOUR, net_ms: 2 * HOUR }],
  ["met", clock({ stopped_at: 4 * HOUR, paused_ms: HOUR }), 99 * HOUR, { state: "met", gross_ms: 4 * HOUR, net_ms: 3 * HOUR }],
  ["met too late", clock({ stopped_at: 11 * HOUR, late: true }), 99 * HOUR, { state: "missed", hue: "red" }],
])("a clock: %s", (_name, it, now, reading) => {
  expect(readClock(it, now)).toMatchObject(reading);
});

test("a list shows the running clock that ends first, and none of a closed ticket", () => {
  const [first, second, still] = [clock({ key: "a", due_at: 5 }), clock({ key: "b", due_at: 3 }), clock({ key: "c", due_at: 1, paused_at: 1 })];
  expect(mostUrgent({ phase: "open", clocks: [first, second, still] })?.key).toBe("b");
  expect(mostUrgent({ phase: "waiting", clocks: [still] })?.key).toBe("c");
  expect(mostUrgent({ phase: "closed", clocks: [first] })).toBeNull();
});

test.each([
  [12 * 60_000, "min", 0, 0, 12],
  [125 * 60_000, "h", 0, 2, 5],
  [-50 * HOUR, "d", 2, 2, 0],
])("a span of %i ms in words", (ms, unit, days, hours, minutes) => {
  expect(parts(ms)).toEqual({ unit, days, hours, minutes });
});

const text = { zh: "", en: "" };
const field = (key: string, more: Partial<Field> = {}): Field => ({ key, label: text, shape: "line", required: false, options: [], sensitive: false, formula: "", when: null, ...more });
const way = (more: Partial<TicketMove> = {}): TicketMove => ({
  key: "go", name: text, from: ["new"], to: "done", needs: [], consents: [], needs_reason: false, needs_checklist: false, needs_tasks: false, needs_attempts: 0, approval: false, limit: null, ...more,
});
const kind = (fields: Field[]): TicketType => ({ name: text, prefix: "A", hint: text, team: null, severity: 3, fields, states: [], moves: [], clocks: [], checklist: [{ key: "call", name: text }], about: "", retired: false, counts_as: null, paper: null });

test("a field is asked for only when the one above has the answer", () => {
  const why = field("why", { required: true, when: { field: "kind", is: ["late"] } });
  expect(applies(why, { kind: "late" })).toBe(true);
  expect(lacking([why], { kind: "broken" })).toEqual([]);
  expect(lacking([why], { kind: "late" })).toEqual([why]);
});

test("a consent counts only as yes, a category only down to a leaf", () => {
  expect(isAnswered(field("ok", { shape: "consent" }), { ok: "no" })).toBe(false);
  const leaf = { key: "late", label: text, children: [] };
  const tree = field("kind", { shape: "choice", options: [{ key: "goods", label: text, children: [leaf] }] });
  expect([isAnswered(tree, { kind: "goods" }), isAnswered(tree, { kind: "late" })]).toEqual([false, true]);
});

test("only what was changed is saved, and an emptied answer as an empty text", () => {
  expect(changedAnswers({ a: "1", b: "2" }, { a: "1", b: "", c: "3" })).toEqual({ b: "", c: "3" });
});

test("a move lacks its fields, its reason and its checklist", () => {
  const of = kind([field("how")]);
  const go = way({ needs: ["how"] });
  expect(lackingFor(of, go, {}).map((it) => it.key)).toEqual(["how"]);
  expect(isOpen(of, go, { values: { how: "so" }, checked: [] })).toBe(true);
  expect(isOpen(of, way({ needs_reason: true }), { values: {}, checked: [] })).toBe(false);
  expect(isOpen(of, way({ needs_checklist: true }), { values: {}, checked: [] })).toBe(false);
  expect(isOpen(of, way({ needs_checklist: true }), { values: {}, checked: ["call"] })).toBe(true);
});

test("above its limit a move needs approval", () => {
  const pay = way({ limit: { field: "sum", most: 100 } });
  expect([needsApproval(pay, {}), needsApproval(pay, { sum: "100" }), needsApproval(pay, { sum: "100.01" }), needsApproval(way({ approval: true }), {})]).toEqual([false, false, true, true]);
});

test("two attempts on one day are one day", () => {
  const noon = new Date(2026, 0, 5, 12).getTime();
  expect(daysOf([noon, noon + HOUR, noon + 24 * HOUR])).toBe(2);
});

test("a view keeps its meaning under the filters, and a state falls with its kind", () => {
  const none = { q: "", of: "", state: "", severity: "", team: "", owner: "", phase: "", field: "", value: "", value_to: "" };
  expect(question("mine", { ...none, owner: "7", q: " a " })).toEqual({ owner: "me", open: true, sort: "due", q: "a" });
  expect(question("all", { ...none, state: "new" })).toEqual({});
  expect(question("all", { ...none, of: "1", state: "new" })).toEqual({ of: "1", state: "new" });
  expect([readView("due", "open"), readView("toString", "open")]).toEqual(["due", "open"]);
});

test("the picture sets states by their distance from the first, and draws every move", () => {
  const state = (key: string): TicketState => ({ key, name: text, phase: "open", colour: "grey", confirmed: false });
  const states = ["new", "doing", "wait", "done", "lost"].map(state);
  const moves = [way({ to: "doing" }), way({ from: ["doing"], to: "wait" }), way({ from: ["doing"], to: "done" }), way({ from: ["wait", "done"], to: "doing" }), way({ from: ["nowhere"], to: "done" })];
  expect(Object.fromEntries(columns(states, moves))).toEqual({ new: 0, doing: 1, wait: 2, done: 2, lost: 3 });
  const picture = draw(states, moves);
  expect(picture.boxes).toHaveLength(5);
  expect(picture.arrows.map((it) => it.key)).toEqual(["new doing", "doing wait", "doing done", "wait doing", "done doing"]);
  expect(new Set(picture.boxes.map((it) => `${it.x} ${it.y}`)).size).toBe(5);
});
