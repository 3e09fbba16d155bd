import type { Agent } from "@yingda/wire";
import { said, t } from "../i18n";
import { me } from "../session";

/** Why somebody is not ready, in words; empty for none. */
export function reasonWord(key: string): string {
  const known = me.value?.settings.break_reasons.find((it) => it.key === key);
  if (known) return said(known.label);
  return key === "ring_no_answer" || key === "connection_lost" ? t(`shell.state.reason.${key}`) : key;
}

/** Who let a contact ring takes none of that kind, whatever the state itself says. */
export const whyBusy = (agent: Agent): string => reasonWord(agent.media_off.length && agent.state === "ready" ? "ring_no_answer" : agent.reason);
