import type { Choice, Question, SurveyRecord } from "@yingda/wire";

export type Answers = Record<string, string>;

/** The ends of a scale, from the worst to the best. */
export const SCALES: Partial<Record<Question["shape"], readonly [number, number]>> = { csat: [1, 5], nps: [0, 10], ces: [1, 7] };

/** Every answer that a question offers, as another question's condition names it. */
export function offered(question: Pick<Question, "shape" | "options">, said: (it: Choice["label"]) => string): { value: string; label: string }[] {
  const scale = SCALES[question.shape];
  if (!scale) return (question.options ?? []).map((it) => ({ value: it.key, label: said(it.label) || it.key }));
  return Array.from({ length: scale[1] - scale[0] + 1 }, (_, n) => ({ value: String(scale[0] + n), label: String(scale[0] + n) }));
}

/** Whether a question is asked, with these answers: the same rule as the page that customers see. */
export function isAsked(questions: SurveyRecord["questions"], question: Question, answers: Answers): boolean {
  const when = question.when;
  if (!when) return true;
  const above = questions.find((it) => it.key === when.field);
  if (!above || !isAsked(questions, above, answers)) return false;
  return (answers[when.field] ?? "").split(",").some((it) => when.is.includes(it));
}
