import type { Extra } from "../../api";

type Query = NonNullable<Extra["query"]>;

/** What people look at most, each a question to the list. */
export const VIEWS = {
  mine: { owner: "me", open: true, sort: "due" },
  unclaimed: { owner: "none", open: true },
  open: { open: true },
  due: { open: true, sort: "due" },
  approvals: { asks: true },
  all: {},
} as const satisfies Record<string, Query>;
export type View = keyof typeof VIEWS;

export const readView = (text: string, first: View): View => (Object.hasOwn(VIEWS, text) ? (text as View) : first);

export const FILTERS = ["q", "of", "state", "severity", "team", "owner", "phase", "field", "value", "value_to"] as const;
export type Filters = Record<(typeof FILTERS)[number], string>;

/** What the list is asked: the view, narrowed by the filters. A state is one of a kind, so it falls with the kind. */
export function question(view: View, filters: Filters): Query {
  const given = Object.fromEntries(Object.entries(filters).map(([key, value]) => [key, value.trim()] as const).filter(([, value]) => value));
  if (!filters.of) {
    delete given.state;
    delete given.field;
  }
  if (!given.field || !given.value) for (const key of ["field", "value", "value_to"]) delete given[key];
  return { ...given, ...VIEWS[view] };
}
