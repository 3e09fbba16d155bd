import type { Problem, StoredFile } from "@yingda/wire";
import { reactive, watch } from "vue";
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

/** A file that is stored when the promise is kept. */
export function uploaded(file: File): Promise<StoredFile> {
  const it = upload(file);
  return new Promise((resolve, reject) => {
    const stop = watch(
      () => [it.stored, it.trouble] as const,
      ([stored, trouble]) => {
        if (stored) resolve(stored);
        else if (trouble) reject(new Error(trouble));
        if (stored || trouble) stop();
      },
    );
  });
}

export function release(it: Upload): void {
  if (it.preview) URL.revokeObjectURL(it.preview);
}
