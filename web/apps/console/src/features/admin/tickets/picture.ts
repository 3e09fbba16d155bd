import type { TicketMove, TicketState } from "@yingda/wire";

/** Where the picture of a kind's states and moves has its boxes and arrows, in pixels. */
export interface Box {
  state: TicketState;
  x: number;
  y: number;
}
export interface Arrow {
  key: string;
  path: string;
  /** Where its words stand. */
  x: number;
  y: number;
  moves: TicketMove[];
  from: TicketState;
  to: TicketState;
}
export interface Picture {
  boxes: Box[];
  arrows: Arrow[];
  width: number;
  height: number;
}

export const WIDE = 100;
export const HIGH = 40;
const GAP_X = 76;
const GAP_Y = 44;
const EDGE = 16;
/** Room for a way back under the boxes. */
const DIP = 34;

/** How many moves each state is away from the first; what no move leads to stands behind all others. */
export function columns(states: readonly TicketState[], moves: readonly TicketMove[]): Map<string, number> {
  const far = new Map<string, number>();
  const first = states[0];
  if (first) far.set(first.key, 0);
  let edge = [...far.keys()];
  for (let step = 1; edge.length; step += 1) {
    const next = moves.filter((it) => it.from.some((from) => edge.includes(from)) && !far.has(it.to)).map((it) => it.to);
    edge = [...new Set(next)].filter((key) => states.some((it) => it.key === key));
    for (const key of edge) far.set(key, step);
  }
  const last = Math.max(0, ...far.values()) + 1;
  for (const it of states) if (!far.has(it.key)) far.set(it.key, last);
  return far;
}

export function draw(states: readonly TicketState[], moves: readonly TicketMove[]): Picture {
  const column = columns(states, moves);
  const rows = new Map<number, number>();
  const boxes = states.map((state): Box => {
    const x = column.get(state.key) ?? 0;
    const y = rows.get(x) ?? 0;
    rows.set(x, y + 1);
    return { state, x: EDGE + x * (WIDE + GAP_X), y: EDGE + y * (HIGH + GAP_Y) };
  });
  const at = new Map(boxes.map((it) => [it.state.key, it]));
  const pairs = new Map<string, TicketMove[]>();
  for (const move of moves)
    for (const from of move.from) {
      if (!at.has(from) || !at.has(move.to)) continue;
      const key = `${from} ${move.to}`;
      pairs.set(key, [...(pairs.get(key) ?? []), move]);
    }
  const floor = Math.max(0, ...boxes.map((it) => it.y + HIGH));
  let dips = 0;
  const arrows = [...pairs].map(([key, between]): Arrow => {
    const [a, b] = key.split(" ").map((it) => at.get(it)) as [Box, Box];
    const shape = b.x > a.x && b.x - a.x <= WIDE + GAP_X ? ahead(a, b) : a.x === b.x && a !== b ? beside(a, b) : around(a, b, floor + DIP * ++dips, dips, boxes);
    return { key, ...shape, moves: between, from: a.state, to: b.state };
  });
  const width = Math.max(0, ...boxes.map((it) => it.x + WIDE)) + EDGE + 40;
  return { boxes, arrows, width, height: floor + DIP * dips + EDGE };
}

type Shape = Pick<Arrow, "path" | "x" | "y">;

function ahead(a: Box, b: Box): Shape {
  const [x1, y1, x2, y2] = [a.x + WIDE, a.y + HIGH / 2, b.x, b.y + HIGH / 2];
  const mid = (x1 + x2) / 2;
  return { path: `M${x1} ${y1} C${mid} ${y1} ${mid} ${y2} ${x2} ${y2}`, x: mid, y: (y1 + y2) / 2 - 6 };
}

/** Between two states of the same column. */
function beside(a: Box, b: Box): Shape {
  const down = b.y > a.y;
  const x = a.x + WIDE * (down ? 0.35 : 0.65);
  const [y1, y2] = down ? [a.y + HIGH, b.y] : [a.y, b.y + HIGH];
  return { path: `M${x} ${y1} L${x} ${y2}`, x, y: (y1 + y2) / 2 + 4 };
}

/** Back, over several columns, or to itself: below everything else, past what stands under either end. */
function around(a: Box, b: Box, y: number, n: number, boxes: readonly Box[]): Shape {
  const isLowest = (it: Box) => boxes.every((other) => other.x !== it.x || other.y <= it.y);
  const aside = 12 + (n % 5) * 6;
  const [x1, x2] = [a.x + WIDE / 2 + aside / 2, b.x + WIDE / 2 - aside / 2];
  const begin: Point[] = isLowest(a) ? [[x1, a.y + HIGH], [x1, y]] : [[a.x + WIDE, a.y + HIGH * 0.7], [a.x + WIDE + aside, a.y + HIGH * 0.7], [a.x + WIDE + aside, y]];
  const end: Point[] = isLowest(b) ? [[x2, y], [x2, b.y + HIGH]] : [[b.x - aside, y], [b.x - aside, b.y + HIGH * 0.7], [b.x, b.y + HIGH * 0.7]];
  const [from, to] = [begin.at(-1)?.[0] ?? x1, end[0]?.[0] ?? x2];
  return { path: rounded([...begin, ...end]), x: (from + to) / 2, y: y - 5 };
}

type Point = [number, number];

/** Straight lines with soft corners. */
function rounded(points: readonly Point[]): string {
  const soft = 8;
  return points.map(([x, y], place) => {
    const [before, after] = [points[place - 1], points[place + 1]];
    if (!before) return `M${x} ${y}`;
    if (!after) return `L${x} ${y}`;
    const short = ([px, py]: Point): Point => {
      const far = Math.hypot(px - x, py - y) || 1;
      const step = Math.min(soft, far / 2) / far;
      return [x + (px - x) * step, y + (py - y) * step];
    };
    return `L${short(before).join(" ")} Q${x} ${y} ${short(after).join(" ")}`;
  }).join(" ");
}
