// The way to the server: a WebSocket, or where it is blocked server-sent events and POST. Same frames on both.

import type { ClientFrame, ServerFrame } from "../../wire";

export type Link = { send(frame: ClientFrame): void; close(): void };
export type Ears = { open(): void; frame(frame: ServerFrame): void; closed(): void };
export type Way = "socket" | "stream";

/** Full jitter, so that a server that comes back is not met by everyone at once. */
export const pause = (failures: number, dice: number) =>
  failures === 0 ? 0 : Math.round(dice * Math.min(30_000, 400 * 2 ** Math.min(failures, 8)));

/**
 * Which way to try. A socket that worked before is trusted for three failures; one that never opened is suspected
 * of being blocked at once, and the two ways take turns until one speaks.
 */
export function choose(failures: number, worked: Way | null): Way {
  if (worked === "stream") return failures % 3 === 2 ? "socket" : "stream";
  const trust = worked === "socket" ? 3 : 1;
  return failures >= trust && (failures - trust) % 2 === 0 ? "stream" : "socket";
}

export function socket(origin: string, ears: Ears): Link {
  const ws = new WebSocket(`${origin.replace(/^http/, "ws")}/api/v1/ws`);
  ws.onopen = () => ears.open();
  ws.onmessage = ({ data }) => ears.frame(JSON.parse(data));
  ws.onclose = () => ears.closed();
  return {
    send: (frame) => ws.readyState === WebSocket.OPEN && ws.send(JSON.stringify(frame)),
    close: () => ws.close(),
  };
}

export function stream(origin: string, token: string | null, ears: Ears): Link {
  const url = `${origin}/api/v1/stream`;
  const events = new EventSource(token ? `${url}?token=${encodeURIComponent(token)}` : url);
  let id = "";
  let over = false;
  // One POST after the other: frames must not overtake each other.
  let last: Promise<unknown> = Promise.resolve();
  const end = () => {
    if (over) return;
    over = true;
    events.close();
    ears.closed();
  };
  events.onmessage = ({ data }) => {
    const frame: ServerFrame | { t: "stream"; id: string } = JSON.parse(data);
    if (frame.t !== "stream") return ears.frame(frame);
    id = frame.id;
    ears.open();
  };
  events.onerror = end;
  return {
    send(frame) {
      last = last.then(async () => {
        if (over) return;
        const body = JSON.stringify(frame);
        const headers = { "content-type": "application/json" };
        const answer = await fetch(`${url}/${id}`, { method: "POST", headers, body }).catch(() => null);
        if (!answer?.ok) end();
      });
    },
    close() {
      over = true;
      events.close();
    },
  };
}
