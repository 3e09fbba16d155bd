import type { Choice, Field } from "@yingda/wire";

/** Answers to the fields of a form, by key; each is kept as text. */
export type Answers = Readonly<Record<string, string>>;

/** Whether a field is asked for, with these answers to the others. */
export function applies(field: Field, answers: Answers): boolean {
  return !field.when || field.when.is.includes(answers[field.when.field] ?? "");
}

/** The way through the tree to a chosen key, so that only the finest choice is stored. */
export function pathTo(choices: readonly Choice[], key: string): Choice[] {
  for (const it of choices) {
    if (it.key === key) return [it];
    const below = pathTo(it.children, key);
    if (below.length) return [it, ...below];
  }
  return [];
}

/** Whether the answer is all that the field asks for: a consent is yes, a category chosen down to a leaf. */
export function isAnswered(field: Field, answers: Answers): boolean {
  const given = (answers[field.key] ?? "").trim();
  if (field.shape === "consent") return given === "yes";
  if (field.shape === "choice") return pathTo(field.options, given).at(-1)?.children.length === 0;
  return given !== "";
}

/** Required fields that are asked for and still lack their answer; `needed` are required on top. */
export function lacking(fields: readonly Field[], answers: Answers, needed: readonly string[] = []): Field[] {
  return fields.filter((it) => (it.required || needed.includes(it.key)) && it.shape !== "formula" && applies(it, answers) && !isAnswered(it, answers));
}

/** What differs between two sets of answers: the new ones, an empty text where one was taken away. */
export function changedAnswers(before: Answers, now: Answers): Record<string, string> {
  const keys = Object.keys({ ...before, ...now }).filter((key) => (before[key] ?? "") !== (now[key] ?? ""));
  return Object.fromEntries(keys.map((key) => [key, now[key] ?? ""]));
}
