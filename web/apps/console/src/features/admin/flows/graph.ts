import type { FlowGraph, FlowNode, FlowStep } from "@yingda/wire";

export const STEPS = ["menu", "say", "collect", "condition", "hours", "query", "set", "queue", "transfer", "voicemail", "hang_up"] as const satisfies readonly FlowStep["type"][];
export const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;
/** Stands where a record has to be chosen yet. */
export const NOBODY = "0";

/** A way from a step to another, named as the server names its fields. */
export interface Way {
  field: string;
  to: string;
}

export const blankPrompt = () => ({ text: { zh: "", en: "" }, zh: null, en: null });

export function blankStep(type: FlowStep["type"], key: string): FlowStep {
  switch (type) {
    case "menu":
      return { type, prompt: blankPrompt(), options: { "1": "" }, wait_s: 5, tries: 3, failed: "" };
    case "say":
      return { type, prompt: blankPrompt(), to: "" };
    case "collect":
      return { type, prompt: blankPrompt(), key: `value_${key}`, label: { zh: "", en: "" }, least: 1, most: 20, secret: false, wait_s: 6, tries: 3, to: "", failed: "" };
    case "condition":
      return { type, cases: [{ key: "customer", is: "known", value: "", to: "" }], to: "" };
    case "hours":
      return { type, calendar: NOBODY, open: "", closed: "" };
    case "query":
      return { type, what: "order", number: "", found: "", missing: "" };
    case "set":
      return { type, key: "lang", value: "en", to: "" };
    case "queue":
      return { type, queue: NOBODY, prompt: blankPrompt(), every_s: 0 };
    case "transfer":
      return { type, agent: NOBODY, away: "" };
    case "voicemail":
      return { type, prompt: blankPrompt(), most_s: 120, to: "" };
    case "hang_up":
      return { type, prompt: blankPrompt() };
  }
}

export function waysOf(step: FlowStep): Way[] {
  switch (step.type) {
    case "menu":
      return [...Object.entries(step.options).map(([key, to]) => ({ field: `options.${key}`, to })), { field: "failed", to: step.failed }];
    case "say":
    case "set":
    case "voicemail":
      return [{ field: "to", to: step.to }];
    case "collect":
      return [{ field: "to", to: step.to }, { field: "failed", to: step.failed }];
    case "condition":
      return [...step.cases.map((it, at) => ({ field: `cases.${at}.to`, to: it.to })), { field: "to", to: step.to }];
    case "hours":
      return [{ field: "open", to: step.open }, { field: "closed", to: step.closed }];
    case "query":
      return [{ field: "found", to: step.found }, { field: "missing", to: step.missing }];
    case "transfer":
      return [{ field: "away", to: step.away }];
    default:
      return [];
  }
}

/** The step with one of its ways leading elsewhere. */
export function turned(step: FlowStep, field: string, to: string): FlowStep {
  const key = field.split(".")[1] ?? "";
  if (step.type === "menu" && field.startsWith("options.")) return { ...step, options: { ...step.options, [key]: to } };
  if (step.type === "condition" && field.startsWith("cases.")) return { ...step, cases: step.cases.map((it, at) => (String(at) === key ? { ...it, to } : it)) };
  return { ...step, [field]: to } as FlowStep;
}

export const nodesOf = (graph: FlowGraph): Record<string, FlowNode> => graph.nodes ?? {};

/** Keys of the steps as one meets them from the beginning on; what nothing leads to stands at the end. */
export function inOrder(graph: FlowGraph): string[] {
  const nodes = nodesOf(graph);
  const met = new Set<string>();
  const open = [graph.start ?? ""];
  for (let id = open.shift(); id !== undefined; id = open.shift()) {
    const node = nodes[id];
    if (!node || met.has(id)) continue;
    met.add(id);
    open.push(...waysOf(node.step).map((it) => it.to));
  }
  return [...met, ...Object.keys(nodes).filter((id) => !met.has(id)).sort()];
}

const COLUMN = 260;
const ROW = 150;
/** The same drawing with each step in a column by how far it is from the beginning. */
export function arranged(graph: FlowGraph): FlowGraph {
  const nodes = nodesOf(graph);
  const depth = new Map<string, number>();
  for (const id of inOrder(graph)) {
    const here = depth.get(id) ?? (id === graph.start ? 0 : Math.max(0, ...depth.values()) + 1);
    depth.set(id, here);
    for (const { to } of waysOf(nodes[id]!.step)) if (nodes[to] && !depth.has(to)) depth.set(to, here + 1);
  }
  const rows = new Map<number, number>();
  const placed = inOrder(graph).map((id) => {
    const column = depth.get(id) ?? 0;
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    return [id, { ...nodes[id]!, x: column * COLUMN, y: row * ROW }] as const;
  });
  return { ...graph, nodes: Object.fromEntries(placed) };
}

export const isUnplaced = (graph: FlowGraph): boolean => Object.values(nodesOf(graph)).every((it) => !it.x && !it.y);

export function withNode(graph: FlowGraph, id: string, node: FlowNode): FlowGraph {
  return { ...graph, nodes: { ...graph.nodes, [id]: node } };
}

/** A new step, and its key. The first one is where the flow begins. */
export function added(graph: FlowGraph, type: FlowStep["type"], at = { x: 0, y: 0 }): [FlowGraph, string] {
  const nodes = nodesOf(graph);
  let count = Object.keys(nodes).length + 1;
  while (nodes[`${type}_${count}`]) count += 1;
  const id = `${type}_${count}`;
  const node: FlowNode = { label: "", x: Math.round(at.x), y: Math.round(at.y), resolved: false, step: blankStep(type, String(count)) };
  return [{ start: graph.start || id, nodes: { ...nodes, [id]: node } }, id];
}

/** Without a step; what led to it leads nowhere. */
export function without(graph: FlowGraph, gone: string): FlowGraph {
  const left = Object.entries(nodesOf(graph)).filter(([id]) => id !== gone);
  const cut = (node: FlowNode): FlowNode => ({ ...node, step: waysOf(node.step).reduce((step, way) => (way.to === gone ? turned(step, way.field, "") : step), node.step) });
  return { start: graph.start === gone ? "" : (graph.start ?? ""), nodes: Object.fromEntries(left.map(([id, node]) => [id, cut(node)])) };
}

const GIVEN = ["caller", "dialled", "customer", "vip", "lang"];
const FOUND = {
  order: ["order_number", "order_state", "order_total", "order_due", "order_carrier", "order_tracking"],
  ticket: ["ticket_serial", "ticket_state", "ticket_due"],
};
/** Names of the values that a step may ask for. */
export function valuesOf(graph: FlowGraph): string[] {
  const own = Object.values(nodesOf(graph)).flatMap(({ step }) => (step.type === "collect" || step.type === "set" ? [step.key] : step.type === "query" ? FOUND[step.what] : []));
  return [...new Set([...own, ...GIVEN])].filter(Boolean);
}
