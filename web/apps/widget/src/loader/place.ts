// Where the bubble sits. The visitor may drag it, or move it with the arrow keys; the place is remembered.

export type Spot = { side: "left" | "right"; bottom: number };

const STEP = 24;
const EDGE = 20;
const SIZE = 56;

const within = (bottom: number) => Math.round(Math.max(EDGE, Math.min(bottom, innerHeight - SIZE - EDGE)));

/** Makes `bubble` moveable inside `root`. `dragged` says whether the last press was a drag, not a click. */
export function moveable(root: HTMLElement, bubble: HTMLElement, spot: Spot, keep: (spot: Spot) => void) {
  let start: { x: number; y: number; bottom: number } | null = null;
  let dragged = false;

  const show = () => {
    root.classList.toggle("l", spot.side === "left");
    root.classList.toggle("r", spot.side === "right");
    root.style.setProperty("--b", within(spot.bottom) + "px");
  };
  bubble.onpointerdown = (event) => {
    start = { x: event.clientX, y: event.clientY, bottom: spot.bottom };
    dragged = false;
    bubble.setPointerCapture(event.pointerId);
  };
  bubble.onpointermove = (event) => {
    if (!start || (!dragged && Math.hypot(event.clientX - start.x, event.clientY - start.y) < 6)) return;
    dragged = true;
    spot.side = event.clientX < innerWidth / 2 ? "left" : "right";
    spot.bottom = within(start.bottom + start.y - event.clientY);
    show();
  };
  bubble.onpointerup = bubble.onpointercancel = () => {
    start = null;
    if (dragged) keep(spot);
  };
  bubble.onkeydown = ({ key }) => {
    const lift = key === "ArrowUp" ? STEP : key === "ArrowDown" ? -STEP : 0;
    const side = key === "ArrowLeft" ? "left" : key === "ArrowRight" ? "right" : spot.side;
    dragged = false;
    if (!lift && side === spot.side) return;
    spot.bottom = within(spot.bottom + lift);
    spot.side = side;
    show();
    keep(spot);
  };
  addEventListener("resize", show);
  show();
  return { show, dragged: () => dragged };
}
