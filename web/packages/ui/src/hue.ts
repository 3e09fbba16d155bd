import type { Agent, AgentState, Colour } from "@yingda/wire";

/** The hues a badge, dot or flag may have; each is a pair of tokens. */
export type Hue = Colour | "accent";

export const solid = (hue: Hue): string => `var(--${hue})`;
export const soft = (hue: Hue): string => `var(--${hue}-soft)`;

/** What an agent does now, as one word: the stored state and what they hold together. */
export type Doing = "ready" | "busy" | "on_contact" | "wrap_up" | "offline";

export const DOING_HUE: Record<Doing, Hue> = {
  ready: "green",
  busy: "amber",
  on_contact: "blue",
  wrap_up: "violet",
  offline: "grey",
};

const AT_REST: Record<AgentState, Doing> = { offline: "offline", ready: "ready", not_ready: "busy" };

export function doing(agent: Agent, isWrapUp: (conversation: string) => boolean = () => false): Doing {
  const missed = agent.state === "ready" && agent.media_off.length > 0;
  if (agent.state === "offline" || agent.holds.length === 0) return missed ? "busy" : AT_REST[agent.state];
  return agent.holds.every(isWrapUp) ? "wrap_up" : "on_contact";
}

const HUES: Hue[] = ["accent", "green", "blue", "violet", "amber", "red", "grey"];

/** The same name always gets the same hue. */
export function hueOf(text: string): Hue {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return HUES[sum % HUES.length] ?? "accent";
}
