import type { Field, Form } from "@yingda/wire";

/** Required fields that are still empty: the completeness check of a consultation record. */
export function lacking(form: Form, values: Record<string, string>): Field[] {
  return form.fields.filter((field) => field.required && !(values[field.key] ?? "").trim());
}
