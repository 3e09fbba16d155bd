import type { Problem, StoredFile } from "@yingda/wire";
import { reactive } from "vue";
import { address } from "../api";
import { language, t } from "../i18n";

/** A file on its way to the server: shown with its progress before it is sent. */
export interface Upload {
  name: string;
  size: number;
  /** Address of the preview, for pictures. */
  preview: string | null;
  share: number;
  stored: StoredFile | null;
  trouble: string;
  cancel: () => void;
}

export function upload(file: File): Upload {
  const request = new XMLHttpRequest();
  const it: Upload = reactive({
    name: file.name || t("desk.pastedName"),
    size: file.size,
    preview: file.type.startsWith("image/") ? URL.createObjectURL(file) : null,
    share: 0,
    stored: null,
    trouble: "",
    cancel: () => request.abort(),
  });
  request.upload.onprogress = (progress) => (it.share = progress.total ? progress.loaded / progress.total : 0);
  request.onerror = () => (it.trouble = t("desk.uploadFailed"));
  request.onload = () => {
    const answer: unknown = request.responseText ? JSON.parse(request.responseText) : null;
    if (request.status < 300) it.stored = answer as StoredFile;
    else it.trouble = (answer as Problem | null)?.title ?? t("desk.uploadFailed");
  };
  request.open("POST", address("/files"));
  request.setRequestHeader("accept-language", language());
  request.setRequestHeader("x-yingda", "console");
  request.setRequestHeader("idempotency-key", crypto.randomUUID());
  const body = new FormData();
  body.append("file", file, it.name);
  request.send(body);
  return it;
}

export function release(it: Upload): void {
  if (it.preview) URL.revokeObjectURL(it.preview);
}
