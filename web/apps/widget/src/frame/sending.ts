// From the composer to the outbox: the draft, files under way, and the questions that must be answered first.

import { computed, effect, signal, type Signal } from "./core/signals";
import { config, conversation, isOver, isStarting, lang, noticeDue, say, startWith, store, token, typed, w } from "./chat";
import { fileSize } from "./core/text";
import { type Problem, upload } from "./core/http";
import { read } from "./core/store";

export const MAX_TEXT = 4000;

export const draft = signal("");

/** `again`: what went wrong may pass, so trying once more makes sense. */
export type Upload = { key: number; name: string; share: number; error: string; again: boolean; file: File; abort(): void };
export const uploads = signal<Upload[]>([]);

export type Answers = Record<string, string>;
/** What the visitor says about the privacy notice. `age` is unanswered, old enough, or guarded. */
export type Agreed = { notice: boolean; age: "" | "adult" | "guarded" };
export const undecided = (): Signal<Agreed> => signal<Agreed>({ notice: false, age: "" });

/** What the visitor wants to begin with, and the form before the chat as far as it is filled in. */
export type Wish = {
  text: string;
  file: File | null;
  topic: Signal<number | null>;
  answers: Signal<Answers>;
  agreed: Signal<Agreed>;
  /** Sent once already: what is missing is shown. */
  tried: Signal<boolean>;
};
export const wish = signal<Wish | null>(null);

function ask(text: string, topic: number | null, file: File | null) {
  wish.value = { text, file, topic: signal(topic), answers: signal(rememberedFields()), agreed: undecided(), tried: signal(false) };
}

/** A conversation that begins now needs answers first. */
export const mustAsk = computed(() => noticeDue.value || (!!config.value?.pre_chat.length && !conversation.value));

export function beginSending() {
  draft.value = store().get("draft") ?? "";
  store().watch("draft", (value) => (draft.value = value ?? ""));
  // The site's customer signed out: what they were uploading is not the next one's to see.
  effect(() => {
    if (!token.value) uploads.value = [];
  });
  // A file chosen before the conversation existed follows as soon as it does.
  effect(() => {
    if (conversation.value && waitingFiles.length) sendFiles(waitingFiles.splice(0));
  });
}

let waitingFiles: File[] = [];

export function setDraft(text: string) {
  draft.value = text;
  store().set("draft", text || null);
  typed(text);
}

export function sendText(text: string, topic: number | null = null): boolean {
  const trimmed = text.trim();
  if (!trimmed || trimmed.length > MAX_TEXT) return false;
  if (isOver.value && mustAsk.value) {
    ask(trimmed, topic, null);
    return false;
  }
  if (topic !== null && !conversation.value && !isStarting.value)
    startWith({ topic, fields: {}, content: { type: "text", text: trimmed } });
  else say({ type: "text", text: trimmed });
  return true;
}

export function chooseTopic(topic: number) {
  if (mustAsk.value) ask(draft.value.trim(), topic, null);
  else startWith({ topic, fields: {} });
}

/** The form before the chat is filled in. */
export function answerWish(fields: Answers, topic: number | null) {
  const asked = wish.value;
  if (!asked) return;
  wish.value = null;
  store().set("fields", JSON.stringify(fields));
  if (asked.text && asked.text === draft.value.trim()) setDraft("");
  if (asked.file) waitingFiles.push(asked.file);
  if (conversation.value) {
    // Consent alone was missing: the conversation is there and goes on.
    if (asked.text) say({ type: "text", text: asked.text });
    if (asked.file) sendFiles(waitingFiles.splice(0));
    return;
  }
  startWith({
    ...(topic !== null ? { topic } : {}),
    fields,
    ...(asked.text ? { content: { type: "text", text: asked.text } } : {}),
  });
}

export const rememberedFields = () => read<Answers>(store(), "fields") ?? {};

const patch = (key: number, change: Partial<Upload>) =>
  (uploads.value = uploads.value.map((one) => (one.key === key ? { ...one, ...change } : one)));
export const dropUpload = (key: number) => (uploads.value = uploads.value.filter((one) => one.key !== key));

let keys = 0;
export function sendFiles(files: File[]) {
  const now = config.value;
  if (!now?.allow_files || !token.value) return;
  if (!conversation.value) {
    // Nothing to hang a file on yet: start first.
    waitingFiles.push(...files);
    if (mustAsk.value) {
      ask(draft.value.trim(), null, waitingFiles.pop() ?? null);
    } else if (!isStarting.value) startWith({ fields: {} });
    return;
  }
  for (const file of files) {
    const key = ++keys;
    const base = { key, name: file.name || w.value.image, share: 0, error: "", again: false, file, abort: () => dropUpload(key) };
    if (file.size > now.max_file) {
      uploads.value = [...uploads.value, { ...base, error: w.value.tooBig.replace("@", fileSize(now.max_file)) }];
      continue;
    }
    const { done, abort } = upload(file, token.value, lang.value, (share) => patch(key, { share }));
    uploads.value = [...uploads.value, { ...base, abort: () => (abort(), dropUpload(key)) }];
    done.then(
      (stored) => {
        dropUpload(key);
        say({ type: "file", file: stored.id, name: stored.name, mime: stored.mime, size: stored.size });
      },
      ({ message }: Problem) =>
        patch(key, { error: message || w.value.uploadFailed.replace("@", base.name), again: !message }),
    );
  }
}

export function uploadAgain(one: Upload) {
  dropUpload(one.key);
  sendFiles([one.file]);
}
