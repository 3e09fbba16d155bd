// From the composer to the outbox: the draft, files under way, and the questions that must be answered first.

import { computed, effect, signal } from "./core/signals";
import { config, conversation, isOver, isStarting, lang, noticeDue, say, startWith, store, token, typed, w } from "./chat";
import { fileSize } from "./core/text";
import { Problem, upload } from "./core/http";
import { read } from "./core/store";

export const MAX_TEXT = 4000;

export const draft = signal("");

export type Upload = { key: number; name: string; share: number; error: string; file: File; abort(): void };
export const uploads = signal<Upload[]>([]);

/** What the visitor wants to begin with, while the form before the chat is open. */
export type Wish = { text: string; topic: number | null; file: File | null };
export const wish = signal<Wish | null>(null);

/** A conversation that begins now needs answers first. */
export const mustAsk = computed(() => noticeDue.value || (!!config.value?.pre_chat.length && !conversation.value));

export function beginSending() {
  draft.value = store().get("draft") ?? "";
  store().watch("draft", (value) => (draft.value = value ?? ""));
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
    wish.value = { text: trimmed, topic, file: null };
    return false;
  }
  if (topic !== null && !conversation.value && !isStarting.value)
    startWith({ topic, fields: {}, content: { type: "text", text: trimmed } });
  else say({ type: "text", text: trimmed });
  return true;
}

export function chooseTopic(topic: number) {
  if (mustAsk.value) wish.value = { text: draft.value.trim(), topic, file: null };
  else startWith({ topic, fields: {} });
}

/** The form before the chat is filled in. */
export function answerWish(fields: Record<string, string>, topic: number | null) {
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

export const rememberedFields = () => read<Record<string, string>>(store(), "fields") ?? {};

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
      wish.value = { text: draft.value.trim(), topic: null, file: waitingFiles.pop() ?? null };
    } else if (!isStarting.value) startWith({ fields: {} });
    return;
  }
  for (const file of files) {
    const key = ++keys;
    const base = { key, name: file.name || w.value.image, share: 0, error: "", file, abort: () => dropUpload(key) };
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
      (problem: Error) =>
        patch(key, { error: (problem instanceof Problem && problem.message) || w.value.uploadFailed.replace("@", base.name) }),
    );
  }
}

export function uploadAgain(one: Upload) {
  dropUpload(one.key);
  sendFiles([one.file]);
}
