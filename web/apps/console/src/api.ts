import type { Problem } from "@yingda/wire";
import { language } from "./i18n";

/** The server's answer to something that could not be done. `status` 0: the server was not reached. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title);
  }
  get status(): number {
    return this.problem.status;
  }
  get code(): string {
    return this.problem.code;
  }
}

export interface Extra {
  query?: Record<string, string | number | boolean | null | undefined>;
  /** The record's version that was read: a change by someone else in between is told, not overwritten. */
  match?: number;
  /** The same act again has this name again, and no second effect; each call has its own where none is given. */
  key?: string;
  signal?: AbortSignal;
}

/** Called when the company asks for a second factor that this session lacks: only setting one up goes on. */
let lacksSecondFactor: () => void = () => undefined;
export const onSecondFactorLacking = (act: () => void): void => void (lacksSecondFactor = act);

/** An address under /api/v1, for links and pictures as well. */
export function address(path: string, query: Extra["query"] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const tail = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `/api/v1${path}${tail ? `?${tail}` : ""}`;
}

async function call<T>(method: string, path: string, body: unknown, extra: Extra = {}): Promise<T> {
  // Other sites' pages may not set a header of ours: it proves where the request comes from.
  const headers: Record<string, string> = { "accept-language": language(), "x-yingda": "console" };
  if (extra.match !== undefined) headers["if-match"] = `"${extra.match}"`;
  // A creating call that is repeated by the network has one effect.
  if (method === "POST") headers["idempotency-key"] = extra.key ?? crypto.randomUUID();
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["content-type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(address(path, extra.query), {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
      signal: extra.signal,
    });
  } catch (error) {
    if (extra.signal?.aborted) throw error;
    throw new ApiError(unreached(0));
  }
  const text = await answer.text();
  if (!answer.ok) {
    const problem = problemIn(text) ?? unreached(answer.status);
    if (problem.code === "totp_needed") lacksSecondFactor();
    throw new ApiError(problem);
  }
  return (text ? JSON.parse(text) : undefined) as T;
}

function problemIn(text: string): Problem | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "code" in value ? (value as Problem) : null;
  } catch {
    return null;
  }
}

const unreached = (status: number): Problem => ({
  type: "urn:yingda:problem:unreached",
  code: "unreached",
  status,
  title:
    language() === "zh" ? "连接不上服务器，请检查网络后再试。" : "The server cannot be reached. Check the network and try again.",
});

export const api = {
  get: <T>(path: string, extra?: Extra) => call<T>("GET", path, undefined, extra),
  post: <T = void>(path: string, body?: unknown, extra?: Extra) => call<T>("POST", path, body, extra),
  put: <T = void>(path: string, body?: unknown, extra?: Extra) => call<T>("PUT", path, body, extra),
  delete: <T = void>(path: string, body?: unknown, extra?: Extra) => call<T>("DELETE", path, body, extra),
};

/** What to tell a person about any error. */
export function sentence(error: unknown): string {
  if (error instanceof ApiError) {
    const { title, detail, fields } = error.problem;
    return [title, detail, ...(fields ?? []).map((it) => it.message)].filter(Boolean).join(language() === "zh" ? "" : " ");
  }
  return error instanceof Error ? error.message : String(error);
}
