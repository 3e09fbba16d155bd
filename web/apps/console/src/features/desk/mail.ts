import type { Content, Event, Mail, Mailbox } from "@yingda/wire";

/** The most that a mail's text may take, in bytes of UTF-8. */
export const LONGEST_MAIL = 6_000;

export const blankMail = (): Mail => ({
  subject: "", from: null, to: [], cc: [], bcc: [], text: "", is_cut: false, html: null, raw: null, files: [], proof: null, is_automatic: false, send_at: null,
});

/** A mail with all its parts: what is empty is left out on its way here. */
export const complete = (mail: Partial<Mail>): Mail => ({ ...blankMail(), ...mail });

/** `王芳 <wang@example.com>` */
export function written({ name, address }: Mailbox): string {
  if (!name) return address;
  return `${/[,;，；、]/.test(name) ? `"${name}"` : name} <${address}>`;
}

const ADDRESS = /^[^\s<>@",;]+@[^\s<>@",;]+\.[^\s<>@",;]+$/;

/** Addresses as people type or paste them: parted by commas, semicolons or lines, with or without names. */
export function readMailboxes(text: string): { boxes: Mailbox[]; wrong: string[] } {
  const boxes: Mailbox[] = [];
  const wrong: string[] = [];
  const parts = (text.match(/(?:"[^"]*"|[^,;，；、\n"])+/g) ?? []).map((it) => it.trim()).filter(Boolean);
  for (const part of parts) {
    const [, before = "", inside] = /^(.*?)<([^<>]*)>$/.exec(part) ?? [];
    const address = (inside ?? part).trim();
    const name = before.trim().replace(/^"(.*)"$/, "$1");
    if (!ADDRESS.test(address)) wrong.push(part);
    else boxes.push(name ? { name, address } : { address });
  }
  return { boxes, wrong };
}

const PREFIX = /^(?:(?:re|回复|答复)\s*[:：]\s*)+/iu;

/** What an answer is called: `Re:` once, however often it went to and fro. */
export const answerTo = (subject: string): string => (subject.trim() ? `Re: ${subject.trim().replace(PREFIX, "")}` : "");

/** The mail that an answer refers to: the customer's last, or else our own last. */
export function lastMail(events: readonly Event[]): Mail | null {
  const mails = events.filter((it): it is Event & { kind: "message_posted" } & Extract<Content, { type: "mail" }> => it.kind === "message_posted" && it.type === "mail");
  const last = mails.findLast((it) => it.by.type === "visitor") ?? mails.at(-1);
  return last ? complete(last.mail) : null;
}

export type Trust = "proved" | "failed" | "unknown";

/** Whether the sender is who the mail says: DMARC decides where it was checked, else either proof will do. */
export function trust(mail: Mail): Trust {
  const proof = mail.proof;
  if (!proof) return "unknown";
  if (proof.dmarc !== "none") return proof.dmarc === "pass" ? "proved" : "failed";
  if (proof.spf === "pass" || proof.dkim === "pass") return "proved";
  return proof.spf === "fail" || proof.dkim === "fail" ? "failed" : "unknown";
}

const LINES = 14;
const CHARACTERS = 900;

/** The beginning of a long text; `null` when it is short enough to be shown whole. */
export function beginning(text: string): string | null {
  const lines = text.split("\n");
  if (lines.length <= LINES && text.length <= CHARACTERS) return null;
  return lines.slice(0, LINES).join("\n").slice(0, CHARACTERS).trimEnd();
}

/** A page of its own around a mail's cleaned HTML: it runs nothing, loads nothing, and its links open elsewhere. */
export function framed(html: string, pictures: ReadonlyMap<string, string>): { page: string; hidden: boolean } {
  const read = new DOMParser().parseFromString(html, "text/html");
  let hidden = false;
  for (const picture of read.querySelectorAll("img")) {
    const source = picture.getAttribute("src") ?? "";
    const inside = /^cid:/i.test(source) ? pictures.get(source.slice(4)) : undefined;
    if (inside) picture.setAttribute("src", inside);
    else if (!/^data:/i.test(source)) {
      hidden ||= /^(https?:)?\/\//i.test(source);
      picture.remove();
    }
    picture.removeAttribute("srcset");
  }
  const head = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"><base target="_blank"><style>:root{color-scheme:light}body{margin:12px;font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;overflow-wrap:anywhere}img{max-width:100%;height:auto}table{max-width:100%}</style>`;
  for (const link of read.querySelectorAll("a")) link.setAttribute("rel", "noopener noreferrer nofollow");
  return { page: `<!doctype html><html><head>${head}</head><body>${read.body.innerHTML}</body></html>`, hidden };
}

/** A mail's head while it is written: addresses as they are typed. */
export interface MailDraft {
  subject: string;
  to: string;
  cc: string;
  bcc: string;
  send_at: number | null;
}

export const blankDraft = (subject = ""): MailDraft => ({ subject, to: "", cc: "", bcc: "", send_at: null });

export const isWritable = (draft: MailDraft): boolean => [draft.to, draft.cc, draft.bcc].every((it) => readMailboxes(it).wrong.length === 0);

/** A draft as it stood before it was sent. */
export const draftOfMail = (given: Mail): MailDraft => {
  const mail = complete(given);
  const line = (boxes: readonly Mailbox[]) => boxes.map(written).join(", ");
  return { subject: mail.subject, to: line(mail.to), cc: line(mail.cc), bcc: line(mail.bcc), send_at: mail.send_at };
};
