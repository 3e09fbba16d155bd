import type { ChannelNow } from "@yingda/wire";
import { t } from "../../../i18n";
import { usePolled, type Polled } from "../../../parts/polled";

const EVERY_MS = 3_000;

/** All channels as they stand now. */
export const useChannels = (): Polled<ChannelNow[]> => usePolled<ChannelNow[]>("/channels", EVERY_MS);

/** How long ago, by its largest unit: `12秒`, `5分钟`, `3小时`, `2天`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [unit, count] = seconds < 60 ? ["s", seconds] : seconds < 3_600 ? ["min", Math.floor(seconds / 60)] : seconds < 86_400 ? ["h", Math.floor(seconds / 3_600)] : ["d", Math.floor(seconds / 86_400)];
  return t(`admin.age.${unit}`, { count });
}
