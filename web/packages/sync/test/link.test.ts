// SYS-02: the connection comes back by itself, and finds another way where the first is blocked.
import type { ClientFrame, ServerFrame } from "@yingda/wire";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Link, type Listener, type Open } from "../src";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A way that the test holds both ends of. */
function way() {
  const opened: { listener: Listener; sent: ClientFrame[]; closed: boolean }[] = [];
  const open: Open = (listener) => {
    const end = { listener, sent: [] as ClientFrame[], closed: false };
    opened.push(end);
    return { send: (frame) => end.sent.push(frame), close: () => (end.closed = true) };
  };
  return { open, opened, last: () => opened.at(-1)! };
}
const resumed: ServerFrame = { t: "resumed", seq: 1 };

function make(...ways: ReturnType<typeof way>[]) {
  const frames: ServerFrame[] = [];
  const link = new Link({
    transports: ways.map((it) => it.open),
    hello: () => ({ t: "console", tab: 1, after: 5, level: 1 }),
    frame: (frame) => frames.push(frame),
  });
  link.start();
  return { link, frames };
}

test("says hello first and is open with the first answer", () => {
  const socket = way();
  const { link, frames } = make(socket);
  socket.last().listener.open();
  expect(socket.last().sent).toEqual([{ t: "console", tab: 1, after: 5, level: 1 }]);
  expect(link.state).toBe("connecting");
  socket.last().listener.frame(resumed);
  expect([link.state, frames]).toEqual(["open", [resumed]]);
});

test("opens again after a cut, and hears nothing from the dead connection", () => {
  const socket = way();
  const { link, frames } = make(socket);
  const first = socket.last();
  first.listener.open();
  first.listener.frame(resumed);
  first.listener.closed();
  expect([link.state, first.closed]).toEqual(["waiting", true]);
  expect(link.send({ t: "ping", id: 1 })).toBe(false);
  vi.advanceTimersByTime(500);
  expect(socket.opened.length).toBe(2);
  first.listener.frame(resumed);
  expect(frames.length).toBe(1);
});

test("a silent connection is found dead by its missing pong", () => {
  const socket = way();
  const { link } = make(socket);
  socket.last().listener.open();
  socket.last().listener.frame(resumed);
  vi.advanceTimersByTime(20_000);
  expect(socket.last().sent.at(-1)).toEqual({ t: "ping", id: 1 });
  socket.last().listener.frame({ t: "pong", id: 1, seq: 1 });
  expect(link.state).toBe("open");
  vi.advanceTimersByTime(26_000);
  expect(link.state).toBe("waiting");
});

test("words that nobody answers are soon followed by the question whether anybody is there", () => {
  const socket = way();
  const { link } = make(socket);
  socket.last().listener.open();
  socket.last().listener.frame(resumed);
  link.send({ t: "watch", conversation: "1", on: true });
  vi.advanceTimersByTime(3_000);
  expect(socket.last().sent.at(-1)).toEqual({ t: "ping", id: 1 });
  // More words do not put off the moment at which the line counts as dead.
  vi.advanceTimersByTime(4_000);
  link.send({ t: "watch", conversation: "1", on: false });
  vi.advanceTimersByTime(2_000);
  expect(link.state).toBe("waiting");
});

test("what was sent is known to be taken in when its echo comes", () => {
  const socket = way();
  const { link } = make(socket);
  socket.last().listener.open();
  socket.last().listener.frame(resumed);
  let settled = 0;
  link.settled(() => (settled += 1));
  expect(socket.last().sent.at(-1)).toEqual({ t: "ping", id: 1 });
  socket.last().listener.frame({ t: "pong", id: 2, seq: 1 });
  expect(settled).toBe(0);
  socket.last().listener.frame({ t: "pong", id: 1, seq: 1 });
  socket.last().listener.frame({ t: "pong", id: 1, seq: 1 });
  expect(settled).toBe(1);
});

test("where the first way never answers, the second is taken", () => {
  const [socket, stream] = [way(), way()];
  make(socket, stream);
  socket.last().listener.closed();
  vi.advanceTimersByTime(400);
  socket.last().listener.closed();
  vi.advanceTimersByTime(1_000);
  expect([socket.opened.length, stream.opened.length]).toEqual([2, 1]);
});

test("pauses grow and stay scattered", () => {
  const socket = way();
  const { link } = make(socket);
  for (let failure = 0; failure < 12; failure += 1) {
    socket.last().listener.closed();
    const known = socket.opened.length;
    vi.advanceTimersByTime(15_000);
    expect(socket.opened.length).toBeGreaterThan(known);
  }
  link.stop();
  vi.advanceTimersByTime(60_000);
  expect(link.state).toBe("stopped");
});
