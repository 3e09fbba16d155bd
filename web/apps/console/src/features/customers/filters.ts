/** What a list of customers may be asked for; it stands in the address. */
export const FILTERS = ["q", "tag", "segment", "tier", "area", "owner", "kind", "vip", "unchecked", "suspect", "field", "value"] as const;
export type Filter = (typeof FILTERS)[number];
