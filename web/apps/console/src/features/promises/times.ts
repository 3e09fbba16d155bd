/** When things are usually promised: the name of the button, and the instant. */
export interface Quick {
  key: "in15" | "in30" | "in60" | "today18" | "tomorrow9";
  at: number;
}

const MINUTE = 60_000;

/** Within the hour, and the end of the working day; once that is over, the next morning. */
export function quickTimes(now: number): Quick[] {
  const evening = new Date(now).setHours(18, 0, 0, 0);
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  return [
    { key: "in15", at: now + 15 * MINUTE },
    { key: "in30", at: now + 30 * MINUTE },
    { key: "in60", at: now + 60 * MINUTE },
    evening > now ? { key: "today18", at: evening } : { key: "tomorrow9", at: morning.setHours(9, 0, 0, 0) },
  ];
}
