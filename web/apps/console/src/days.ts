const midnight = (at: number): number => new Date(at).setHours(0, 0, 0, 0);

/** How many days of the calendar ago; less than 0 is still to come. A day on which clocks are turned is one day too. */
export const daysAgo = (at: number, now: number): number => Math.round((midnight(now) - midnight(at)) / 86_400_000);
