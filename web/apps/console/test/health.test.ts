// What an administrator is told about the nodes: what is wrong, how slow it is, for how long.
import type { Node, NodeFigures, Standing } from "@yingda/wire";
import { expect, test } from "vitest";
import { fill, inOrder, lasted, pace, shortly, troubles } from "../src/features/health/figures";

const up: Standing = { up: true, since_at: 1 };
const down = (since_at: number): Standing => ({ up: false, since_at });
const figures = (more: Partial<NodeFigures> = {}): NodeFigures => ({
  at: 9, visitor_sockets: 0, console_sockets: 0, visitors: 0, commands: 0, command_p50_ms: null, command_p99_ms: null, commit_p50_ms: null, commit_p99_ms: null,
  renewal_ms: null, store: up, bus: up, ...more,
});
const node = (number: number, more: Partial<Node> = {}): Node => ({
  number, name: `n${number}`, version: "0.1.0", level: 1, started_at: 0, until_at: null, this: false, owns: false, figures: figures(), ...more,
});
const told = (...nodes: Node[]) => troubles({ now_at: 10, site: "", nodes }).map((it) => `${it.kind} ${it.names.join("+")} ${it.since_at}`);

test("a well cluster has no trouble", () => {
  expect(told(node(2, { this: true, owns: true }), node(3))).toEqual([]);
});

test("each kind of trouble is told once, with all whom it concerns, and since the first of them", () => {
  const away = node(2, { this: true, owns: true, figures: figures({ store: down(7) }) });
  expect(told(away, node(3, { figures: figures({ store: down(5) }) }), node(4))).toEqual(["store n2+n3 5"]);
  expect(told(node(2, { this: true }), node(3, { figures: null }))).toEqual(["unowned  null", "silent n3 null"]);
});

test("who hears nobody says so of itself, not of the others", () => {
  const deaf = node(2, { this: true, owns: true, figures: figures({ bus: down(4) }) });
  expect(told(deaf, node(3, { figures: null }))).toEqual(["bus n2 4"]);
});

test("times are short, and bars grow with each tenfold", () => {
  expect([null, 0.416, 8.25, 9.999, 120.4].map(shortly)).toEqual(["–", "0.42", "8.3", "10.0", "120"]);
  expect([0, 0.1, 1, 100, 10_000, 60_000].map((ms) => Math.round(fill(ms) * 100))).toEqual([2, 2, 20, 60, 100, 100]);
  expect([99, 100, 499, 500].map(pace)).toEqual(["calm", "slow", "slow", "late"]);
  expect(lasted(59_000)).toEqual({ unit: "minutes", first: 0, second: 0 });
  expect(lasted(3 * 3_600_000 + 5 * 60_000)).toEqual({ unit: "hours", first: 3, second: 5 });
  expect(lasted(50 * 3_600_000)).toEqual({ unit: "days", first: 2, second: 2 });
});

test("the owner stands first", () => {
  expect(inOrder([node(2), node(4, { owns: true }), node(3)]).map((it) => it.number)).toEqual([4, 2, 3]);
});
