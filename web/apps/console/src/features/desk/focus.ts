import type { ConversationId } from "@yingda/wire";
import { act } from "../../floor/store";

const REPORT_MS = 60_000;
const LEAST_MS = 1_000;

/** Measures how long the agent really looks at a conversation: shown, and the window in front. */
export function trackFocus(conversation: ConversationId, holds: () => boolean): () => void {
  let since: number | null = null;
  let sum = 0;
  const looks = () => document.visibilityState === "visible" && document.hasFocus();
  const count = () => {
    if (since !== null) sum += performance.now() - since;
    since = looks() ? performance.now() : null;
  };
  const report = () => {
    count();
    if (sum < LEAST_MS) return;
    if (holds()) act(conversation, { do: "focus", ms: Math.round(sum) });
    sum = 0;
  };
  count();
  const timer = setInterval(report, REPORT_MS);
  const heard = ["focus", "blur", "visibilitychange"] as const;
  for (const name of heard) addEventListener(name, count);
  return () => {
    report();
    clearInterval(timer);
    for (const name of heard) removeEventListener(name, count);
  };
}
