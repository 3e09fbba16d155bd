import { nothing, type FieldSpec } from "../describe";

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
  { key: "children", as: "list", scope: "option", full: true, fields: optionFields, blank: () => ({ key: "", label: nothing(), children: [] }) },
];

const SHAPES = ["line", "paragraph", "number", "date", "choice", "phone", "email", "consent"] as const;
const formFields = (): FieldSpec[] => [
  { key: "key", as: "line" },
  { key: "label", as: "text" },
  { key: "shape", as: "choice", of: SHAPES, words: "shape" },
  { key: "required", as: "switch" },
  { key: "options", as: "list", scope: "option", full: true, fields: optionFields, blank: () => ({ key: "", label: nothing(), children: [] }) },
];
/** A form that an administrator designs: for records, before a chat, or when nobody is there. */
export const formOf = (key: string): FieldSpec => ({
  key, as: "list", scope: "formField", full: true, fields: formFields,
  blank: () => ({ key: "", label: nothing(), shape: "line", required: false, options: [] }),
});
