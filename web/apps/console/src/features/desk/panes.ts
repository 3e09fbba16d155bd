import { reactive, watch } from "vue";

const KEY = "yingda-panes";
const LIMITS = { list: [220, 480], side: [280, 560] } as const;

/** Widths of the desk's outer panes and whether they are open; this browser remembers them. */
export const panes = reactive({ list: 300, side: 360, sideOpen: window.innerWidth >= 1100, ...kept() });

function kept(): object {
  const text = localStorage.getItem(KEY);
  return text ? (JSON.parse(text) as object) : {};
}
watch(panes, () => localStorage.setItem(KEY, JSON.stringify(panes)));

function resize(which: "list" | "side", width: number): void {
  const [least, most] = LIMITS[which];
  panes[which] = Math.round(Math.min(most, Math.max(least, width)));
}

/** Follows the pointer from a press on the line between two panes until it is let go. */
export function drag(event: PointerEvent, which: "list" | "side"): void {
  const start = panes[which];
  const from = event.clientX;
  const sign = which === "list" ? 1 : -1;
  const line = event.currentTarget as HTMLElement;
  line.setPointerCapture(event.pointerId);
  const move = (moved: PointerEvent) => resize(which, start + sign * (moved.clientX - from));
  line.addEventListener("pointermove", move);
  line.addEventListener("lostpointercapture", () => line.removeEventListener("pointermove", move), { once: true });
}

/** The same by keyboard. */
export function nudge(event: KeyboardEvent, which: "list" | "side"): void {
  const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
  if (step) resize(which, panes[which] + (which === "list" ? step : -step));
}
