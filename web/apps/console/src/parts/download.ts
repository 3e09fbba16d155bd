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
