import { MEDIA } from "@yingda/wire";
import { freshKey, kindSpec, nothing, type FieldSpec } from "../describe";
import { NAME } from "./shared";

export const QUESTION_SHAPES = ["csat", "nps", "ces", "single", "multiple", "matrix", "text"] as const;
const CHOICES = ["single", "multiple", "matrix"];

const choiceFields = (): FieldSpec[] => [{ key: "label", as: "text" }, { key: "key", as: "line" }];
const choice = (others: readonly unknown[]) => ({ key: freshKey("option", others), label: nothing(), children: [] });

const questionFields = (): FieldSpec[] => [
  { key: "text", as: "text", full: true },
  { key: "shape", as: "choice", of: QUESTION_SHAPES, words: "questionShape" },
  { key: "key", as: "line" },
  { key: "required", as: "switch" },
  { key: "new_page", as: "switch" },
  { key: "rows", as: "list", scope: "surveyOption", full: true, fields: choiceFields, blank: choice, only: (it) => it.shape === "matrix" },
  { key: "options", as: "list", scope: "surveyOption", full: true, fields: choiceFields, blank: choice, only: (it) => CHOICES.includes(String(it.shape)) },
  { key: "when", as: "own", part: "when", full: true },
];
const question = (key: string, text: { zh: string; en: string }, shape: (typeof QUESTION_SHAPES)[number], required: boolean) => ({
  key, text, shape, required, options: [], rows: [], when: null, new_page: false,
});

/** Questionnaires: what is asked, whom one asks by itself, and what a low score leads to. */
export const survey = kindSpec({
  kind: "survey",
  needs: ["manage_forms"],
  groups: [
    {
      key: "survey",
      fields: [NAME, { key: "title", as: "text", full: true }, { key: "intro", as: "text", long: true, full: true }, { key: "thanks", as: "text", long: true, full: true }, { key: "retired", as: "switch" }],
    },
    {
      key: "questions",
      fields: [{ key: "questions", as: "list", scope: "surveyQuestion", full: true, bare: true, fields: questionFields, blank: (others) => question(freshKey("question", others), nothing(), "csat", false) }],
    },
    { key: "preview", fields: [{ key: "preview", as: "own", part: "survey_preview", full: true, bare: true }] },
    {
      key: "asking",
      fields: [
        {
          key: "after_close", as: "part", scope: "afterClose", full: true, maybe: () => ({ media: [], queues: [], percent: 100 }),
          fields: () => [
            { key: "percent", as: "number", min: 1, max: 100, unit: "pct" },
            { key: "media", as: "choices", of: MEDIA, words: "medium" },
            { key: "queues", as: "refs", kind: "queue" },
          ],
        },
        { key: "rest_days", as: "number", min: 0, max: 730, unit: "d" },
        { key: "remind_days", as: "number", min: 0, max: 364, unit: "d" },
        { key: "valid_days", as: "number", min: 1, max: 365, unit: "d" },
        { key: "open_link", as: "switch" },
      ],
    },
    {
      key: "low",
      fields: [
        {
          key: "low", as: "part", scope: "lowScore", full: true, bare: true, maybe: () => ({ question: "", at_most: 2, ticket: "" }),
          fields: () => [
            { key: "question", as: "pick", from: "questions" },
            { key: "at_most", as: "number", min: 0, max: 9 },
            { key: "ticket", as: "ref", kind: "ticket_type" },
          ],
        },
      ],
    },
  ],
  blank: () => ({
    kind: "survey", name: nothing(), title: nothing(), intro: nothing(), thanks: nothing(), retired: false, after_close: null, open_link: false, valid_days: 14, rest_days: 30, remind_days: 0, low: null,
    questions: [
      question("csat", { zh: "您对这次服务满意吗？", en: "How satisfied are you with our service?" }, "csat", true),
      question("more", { zh: "您还有什么想告诉我们的？", en: "Is there anything else you would like to tell us?" }, "text", false),
    ],
  }),
  name: (it) => it.name,
  facts: (it, told) => [
    told.t("admin.questionCount", { count: it.questions.length }),
    it.after_close ? told.t("admin.afterClose", { percent: it.after_close.percent }) : "",
    it.open_link ? told.t("admin.openLink") : "",
    it.retired ? told.t("admin.disabled") : "",
  ],
});
