import { address, ApiError, type Extra } from "../api";
import { language } from "../i18n";

/** Takes a file from the server to the person's disk; what is wrong is thrown, not saved as a file. */
export async function download(path: string, query: Extra["query"]): Promise<void> {
  const answer = await fetch(address(path, query), { headers: { "accept-language": language(), "x-yingda": "console" }, credentials: "same-origin" });
  if (!answer.ok) throw new ApiError(await answer.json());
  const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "export";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Shows what the server makes of a body, such as a page to print, in a tab of its own. */
export async function opened(path: string, body: unknown): Promise<void> {
  const headers = { "accept-language": language(), "content-type": "application/json", "x-yingda": "console" };
  const answer = await fetch(address(path), { method: "POST", headers, credentials: "same-origin", body: JSON.stringify(body) });
  if (!answer.ok) throw new ApiError(await answer.json());
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.target = "_blank";
  link.click();
}
