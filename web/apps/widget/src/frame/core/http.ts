// HTTP beside the socket: files, offline messages, older events.

import type { Event } from "../../wire";

const API = `${location.origin}/api/v1`;

export type StoredFile = { id: string; name: string; mime: string; size: number };
/** What the server said, in the visitor's language. */
export class Problem extends Error {}

export const fileUrl = (id: string, token: string) => `${API}/files/${id}?token=${encodeURIComponent(token)}`;
export const transcriptUrl = (token: string, lang: string) =>
  `${API}/visitor/transcript?format=html&lang=${lang}&token=${encodeURIComponent(token)}`;

/** Uploads with progress; `abort` cancels. XMLHttpRequest, since `fetch` tells nothing of what was sent. */
export function upload(file: File, token: string, lang: string, progress: (share: number) => void) {
  const request = new XMLHttpRequest();
  const done = new Promise<StoredFile>((settled, failed) => {
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onload = () => {
      if (request.status < 300) return settled(JSON.parse(request.responseText));
      let said = "";
      try {
        const problem = JSON.parse(request.responseText);
        said = problem.detail ?? problem.title;
      } catch {
        // Not our server's words: the caller has its own.
      }
      failed(new Problem(said));
    };
    request.onerror = request.onabort = () => failed(new Problem());
  });
  request.open("POST", `${API}/files?lang=${lang}`);
  request.setRequestHeader("authorization", `Bearer ${token}`);
  const body = new FormData();
  body.append("file", file, file.name || `image.${file.type.split("/")[1] ?? "png"}`);
  request.send(body);
  return { done, abort: () => request.abort() };
}

export async function leaveMessage(widget: string, token: string | null, fields: Record<string, string>, key: string) {
  const answer = await fetch(`${API}/widget/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ widget, token, fields }),
  });
  if (!answer.ok) throw new Problem((await answer.json().catch(() => ({}))).detail ?? "");
}

export async function eventsBefore(seq: number, token: string): Promise<{ events: Event[]; more: boolean }> {
  const answer = await fetch(`${API}/visitor/events?before=${seq}&token=${encodeURIComponent(token)}`);
  // A visitor without a conversation has no events.
  if (answer.status === 404) return { events: [], more: false };
  if (!answer.ok) throw new Problem();
  return answer.json();
}

async function prove(path: string, body: object, token: string, lang: string) {
  const answer = await fetch(`${API}/visitor/${path}?lang=${lang}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  if (answer.ok) return;
  const problem = await answer.json().catch(() => ({}));
  throw new Problem(problem.fields?.[0]?.message ?? [problem.title, problem.detail].filter(Boolean).join(" "));
}

export const sendCode = (point: string, to: string, token: string, lang: string) => prove("proof", { point, to }, token, lang);
export const checkCode = (code: string, token: string, lang: string) => prove("proof/check", { code }, token, lang);
