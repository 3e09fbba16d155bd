// The telephone in the browser: it registers as long as the console is open, and takes one call at a time. What becomes of
// the call is the server's to say; here is only what this browser hears and says.
import type { PhoneLine } from "@yingda/wire";
import type { UA } from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import { ref, shallowRef } from "vue";
import { api } from "../../api";
import { tellTrouble } from "../../say";
import { t } from "../../i18n";

/** `off`: this installation has no telephone. */
export type Standing = "off" | "connecting" | "ready" | "failed";

export const standing = ref<Standing>("off");
export const state = ref<"none" | "incoming" | "talking">("none");

let agent: UA | null = null;
const session = shallowRef<RTCSession | null>(null);
const ear = new Audio();
ear.autoplay = true;

export async function connect(): Promise<void> {
  if (agent) return;
  let line: PhoneLine | undefined;
  try {
    line = await api.post<PhoneLine | undefined>("/phone/line", {});
  } catch {
    standing.value = "failed";
    return;
  }
  if (!line) return;
  standing.value = "connecting";
  // Only who has a telephone loads it.
  const { default: JsSIP } = await import("jssip");
  const socket = new URL("/sip", location.href);
  socket.protocol = socket.protocol.replace("http", "ws");
  agent = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(socket.href)],
    uri: `sip:${line.extension}@${line.realm}`,
    authorization_user: line.extension,
    password: line.password,
    realm: line.realm,
    register_expires: 120,
    session_timers: false,
    user_agent: "Yingda console",
  });
  agent.on("registered", () => (standing.value = "ready"));
  agent.on("unregistered", () => (standing.value = "connecting"));
  agent.on("registrationFailed", () => (standing.value = "failed"));
  agent.on("disconnected", () => (standing.value = "failed"));
  agent.on("newRTCSession", ({ originator, session: call }: { originator: string; session: RTCSession }) => {
    if (originator === "remote") take(call);
  });
  agent.start();
}

export function disconnect(): void {
  agent?.stop();
  agent = null;
  over();
  standing.value = "off";
}

function take(call: RTCSession): void {
  if (session.value) return void call.terminate({ status_code: 486 });
  session.value = call;
  state.value = "incoming";
  call.on("peerconnection", ({ peerconnection }: { peerconnection: RTCPeerConnection }) => {
    peerconnection.addEventListener("track", (event) => {
      ear.srcObject = event.streams[0] ?? new MediaStream([event.track]);
    });
  });
  call.on("accepted", () => (state.value = "talking"));
  call.on("ended", over);
  call.on("failed", over);
  call.on("getusermediafailed", () => tellTrouble(t("phone.noMicrophone")));
}

function over(): void {
  session.value = null;
  state.value = "none";
  ear.srcObject = null;
}

export function answer(): void {
  session.value?.answer({ mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } });
}

/** Before the answer: to decline it. */
export function hangUp(): void {
  session.value?.terminate();
}

export function mute(on: boolean): void {
  if (on) session.value?.mute({ audio: true });
  else session.value?.unmute({ audio: true });
}
