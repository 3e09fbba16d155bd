/** Percents and scores as people read them; a dash where nothing counts. */
export const rate = (percent: number | null | undefined): string => (percent === null || percent === undefined ? "–" : `${(Math.floor(percent * 10) / 10).toFixed(1)}%`);
export const figure = (value: number | null | undefined, digits = 2): string => (value === null || value === undefined ? "–" : value.toFixed(digits));
