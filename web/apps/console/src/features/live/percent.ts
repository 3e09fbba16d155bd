/** A share of 1 as people read it; nothing to divide by is a dash. */
export const percent = (share: number | null): string => (share === null ? "–" : `${Math.round(share * 1000) / 10}%`);
