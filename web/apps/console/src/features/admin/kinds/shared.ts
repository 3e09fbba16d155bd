import { freshKey, nothing, type FieldSpec } from "../describe";

export const NAME: FieldSpec = { key: "name", as: "text", full: true };

export const needFields = (): FieldSpec[] => [
  { key: "skill", as: "ref", kind: "skill" },
  { key: "level", as: "number", min: 1, max: 5 },
  {
    key: "relax", as: "list", scope: "relax", full: true, blank: () => ({ after_s: 30, level: 0 }),
    fields: () => [
      { key: "after_s", as: "number", min: 1, max: 86_400, unit: "s" },
      { key: "level", as: "number", min: 0, max: 5 },
    ],
  },
];
export const NEEDS: FieldSpec = { key: "needs", as: "list", scope: "need", full: true, fields: needFields, blank: () => ({ skill: "", level: 1, relax: [] }) };

const optionFields = (): FieldSpec[] => [
  { key: "key", as: "line" },
  { key: "label", as: "text" },
  { key: "children", as: "list", scope: "option", full: true, fields: optionFields, blank: (others) => ({ key: freshKey("option", others), label: nothing(), children: [] }) },
];

/** Choices outside of a form, such as tiers and areas. */
export const choicesOf = (key: string): FieldSpec => ({ key, as: "list", scope: "option", full: true, fields: optionFields, blank: (others) => ({ key: freshKey("option", others), label: nothing(), children: [] }) });

/** Visitors know no members of staff, and compute nothing. */
const OPEN_SHAPES = ["line", "paragraph", "number", "money", "date", "choice", "phone", "email", "address", "consent"] as const;
const SHAPES = [...OPEN_SHAPES, "person", "file", "formula"] as const;

const openFields = (shapes: readonly string[] = OPEN_SHAPES): FieldSpec[] => [
  { key: "label", as: "text" },
  { key: "shape", as: "choice", of: shapes, words: "shape" },
  { key: "key", as: "line" },
  { key: "required", as: "switch" },
  { key: "options", as: "list", scope: "option", full: true, fields: optionFields, blank: (others) => ({ key: freshKey("option", others), label: nothing(), children: [] }), only: (it) => it.shape === "choice" },
];
const formFields = (): FieldSpec[] => [
  ...openFields(SHAPES),
  { key: "formula", as: "line", only: (it) => it.shape === "formula" },
  { key: "sensitive", as: "switch" },
  { key: "when", as: "own", part: "when", full: true },
];
const field = (others: readonly unknown[]) => ({ key: freshKey("field", others), label: nothing(), shape: "line", required: false, options: [], sensitive: false, formula: "", when: null });

/** A form that an administrator designs: for records of the staff and for tickets. */
export const formOf = (key: string): FieldSpec => ({ key, as: "list", scope: "formField", full: true, fields: formFields, blank: field });
/** A form that visitors fill in: before a chat, or when nobody is there. */
export const openFormOf = (key: string): FieldSpec => ({ key, as: "list", scope: "formField", full: true, fields: () => openFields(), blank: field });
