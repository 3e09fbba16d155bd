// A form's fields, drawn from their definition, with their errors beside them.

import type { Signal } from "../core/signals";
import type { Choice, Field } from "../../wire";
import { lang, w } from "../chat";
import type { Answers } from "../sending";

const PATTERNS: Partial<Record<Field["shape"], RegExp>> = {
  phone: /^\+?([ ()-]*\d){5,20}[ ()-]*$/,
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  number: /^-?\d+(\.\d+)?$/,
};

/** What is wrong with the answers, by key. */
export function wrong(fields: Field[], answers: Answers): Answers {
  const found: Answers = {};
  for (const { key, shape, required } of fields) {
    const value = (answers[key] ?? "").trim();
    if (!value && required) found[key] = w.value.required;
    else if (value && PATTERNS[shape]?.test(value) === false) found[key] = w.value.invalid;
  }
  return found;
}

const said = (label: { zh: string; en: string }) => label[lang.value] || label.zh || label.en;

/** A tree of choices, of which only a leaf is an answer. */
function options(choices: Choice[], depth = 0): preact.JSX.Element[] {
  return choices.flatMap(({ key, label, children = [] }) => [
    <option key={key} value={key} disabled={children.length > 0}>
      {"\u2003".repeat(depth) + said(label)}
    </option>,
    ...options(children, depth + 1),
  ]);
}

/** What a phone's keyboard and the browser's memory should offer. */
const INPUTS = {
  line: { type: "text" },
  number: { type: "text", inputMode: "decimal" },
  date: { type: "date" },
  phone: { type: "tel", autocomplete: "tel" },
  email: { type: "email", autocomplete: "email" },
} as const;

export function Fields({ of, answers, errors }: { of: Field[]; answers: Signal<Answers>; errors: Answers }) {
  const set = (key: string) => (event: preact.TargetedEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) =>
    (answers.value = { ...answers.value, [key]: event.currentTarget.value });
  return (
    <>
      {of.map((field) => {
        const { key, shape, required } = field;
        const id = `field-${key}`;
        const error = errors[key];
        const shared = { id, "aria-required": required, "aria-invalid": !!error, "aria-describedby": error ? `${id}-error` : undefined };
        const value = answers.value[key] ?? "";
        const label = said(field.label);
        return (
          <div class="field" key={key}>
            {shape === "consent" ? (
              <label class="tick">
                <input type="checkbox" {...shared} checked={value === "yes"} onChange={(event) => (answers.value = { ...answers.value, [key]: event.currentTarget.checked ? "yes" : "" })} />
                <span>{label}</span>
              </label>
            ) : (
              <>
                <label for={id}>
                  {label}
                  {!required && <small> {w.value.optional}</small>}
                </label>
                {shape === "paragraph" ? (
                  <textarea {...shared} rows={3} maxLength={2000} value={value} onInput={set(key)} />
                ) : shape === "choice" ? (
                  <select {...shared} value={value} onChange={set(key)}>
                    <option value="">{w.value.choose}</option>
                    {options(field.options)}
                  </select>
                ) : (
                  <input {...shared} {...INPUTS[shape]} maxLength={200} value={value} onInput={set(key)} />
                )}
              </>
            )}
            {error && (
              <p class="error" id={`${id}-error`}>
                {error}
              </p>
            )}
          </div>
        );
      })}
    </>
  );
}

/** Moves to the first field that needs attention. */
export const focusFirst = (form: HTMLFormElement) =>
  requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
