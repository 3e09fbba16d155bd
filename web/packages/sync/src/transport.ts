import type { ClientFrame, ServerFrame } from "@yingda/wire";

/** The first message of an event stream: the name under which frames go up. It is the transport's own, no frame. */
interface StreamName {
  t: "stream";
  id: string;
}

/** One connection, whatever carries it. A dead one is thrown away; the link opens the next. */
export interface Transport {
  send(frame: ClientFrame): void;
  close(): void;
}

export interface Listener {
  open(): void;
  frame(frame: ServerFrame): void;
  closed(): void;
}

export type Open = (listener: Listener) => Transport;

/** WebSocket: a frame is one text message. */
export function webSocket(url: string): Open {
  return (listener) => {
    const socket = new WebSocket(url);
    socket.onopen = () => listener.open();
    socket.onmessage = (message) => listener.frame(JSON.parse(message.data as string) as ServerFrame);
    socket.onclose = () => listener.closed();
    return {
      send: (frame) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
      },
      close: () => {
        socket.onclose = null;
        socket.onmessage = null;
        socket.close();
      },
    };
  };
}

/** Server-sent events down and POST up, for networks that block WebSocket. Frames go up one after another. */
export function eventStream(url: string, headers: () => Record<string, string> = () => ({})): Open {
  return (listener) => {
    const source = new EventSource(url, { withCredentials: true });
    let address = "";
    let last: Promise<unknown> = Promise.resolve();
    const end = () => {
      source.close();
      listener.closed();
    };
    source.onmessage = (message) => {
      const frame = JSON.parse(message.data as string) as ServerFrame | StreamName;
      if (frame.t !== "stream") return listener.frame(frame);
      const at = new URL(url, location.href);
      address = `${at.origin}${at.pathname}/${frame.id}`;
      listener.open();
    };
    source.onerror = end;
    const post = async (frame: ClientFrame) => {
      const answer = await fetch(address, {
        method: "POST",
        credentials: "same-origin",
        headers: { "content-type": "application/json", ...headers() },
        body: JSON.stringify(frame),
      });
      if (!answer.ok) throw new Error(`frame not taken: ${answer.status}`);
    };
    return {
      send: (frame) => {
        last = last.then(() => post(frame)).catch(end);
      },
      close: () => {
        source.onmessage = null;
        source.onerror = null;
        source.close();
      },
    };
  };
}
