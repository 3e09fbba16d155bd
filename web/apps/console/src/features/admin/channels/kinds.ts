import type { Medium, Security, Setup } from "@yingda/wire";
import { nothing, type FieldSpec, type Group } from "../describe";

export const CHANNEL_KINDS = ["mail", "sms_http", "smpp", "wechat", "wecom", "platform", "site_mail", "letter", "walkin", "phone", "site"] as const satisfies readonly Setup["type"][];
export type ChannelKind = Setup["type"];

const MEDIUM: Record<ChannelKind, Medium> = {
  mail: "mail", sms_http: "sms", smpp: "sms", wechat: "wechat", wecom: "wechat", platform: "chat", site_mail: "sitemail", letter: "letter", walkin: "walkin", phone: "voice", site: "chat",
};
export const mediumOf = (kind: ChannelKind): Medium => MEDIUM[kind];

/** People carry these out themselves: there is nothing to listen to, to send through or to try. */
export const isByHand = (kind: ChannelKind): boolean => kind === "letter" || kind === "walkin";

const rules = () => ({ signature: "", quiet_from: 21 * 60, quiet_until: 8 * 60, per_number_a_day: 3, stop_words: ["退订", "TD", "T", "STOP"] });

/** A setup to begin with, with what most need already in it. */
export function blankSetup(kind: ChannelKind): Setup {
  switch (kind) {
    case "mail":
      return {
        type: "mail", address: "", sender: "", login: "", folder: "INBOX", verifier: "", oauth: null, signature: nothing(),
        imap: { host: "", port: PORTS.imap.tls, security: "tls" }, smtp: { host: "", port: PORTS.smtp.tls, security: "tls" },
      };
    case "sms_http":
      return {
        type: "sms_http", rules: rules(), url: "https://", headers: {}, body: "", content_type: "application/json", sign: "", sign_with: "hmac_sha256", ok_at: "", ok_is: "",
        id_at: "", error_at: "", in_from: "", in_text: "", in_id: "", receipt_id: "", receipt_state: "", delivered_states: [], signature_header: "",
      };
    case "smpp":
      return {
        type: "smpp", rules: rules(), server: { host: "", port: PORTS.smpp.tls, security: "tls" }, system_id: "", system_type: "", source: "", country_code: "", window: 0,
        alphabet: "gsm", hex_ids: false,
      };
    case "wechat":
      return { type: "wechat", app: "official", app_id: "", base_url: "" };
    case "wecom":
      return { type: "wecom", corp_id: "", base_url: "" };
    case "platform":
      return { type: "platform", url: "https://" };
    case "letter":
      return { type: "letter", prefix: "" };
    case "site_mail":
      return { type: "site_mail" };
    case "walkin":
      return { type: "walkin" };
    case "phone":
      return { type: "phone", numbers: [], flow: null, record: true };
    case "site":
      return { type: "site", site: "", sends: null, deputy: null };
  }
}

export type Server = "imap" | "smtp" | "smpp";

/** Where servers usually listen. */
export const PORTS: Record<Server, Record<Security, number>> = {
  imap: { tls: 993, starttls: 143, none: 143 },
  smtp: { tls: 465, starttls: 587, none: 25 },
  smpp: { tls: 3550, starttls: 2775, none: 2775 },
};
/** How a line to them may be secured. */
export const SECURITIES: Record<Server, Security[]> = { imap: ["tls", "starttls", "none"], smtp: ["tls", "starttls", "none"], smpp: ["tls", "none"] };

const RULES: Group = {
  key: "rules",
  fields: [
    {
      key: "rules", as: "part", scope: "sms_rules", full: true,
      fields: () => [
        { key: "signature", as: "line" },
        { key: "per_number_a_day", as: "number", min: 0, max: 1_000 },
        { key: "quiet_from", as: "clock" },
        { key: "quiet_until", as: "clock" },
        { key: "stop_words", as: "words", usual: ["退订", "TD", "T", "STOP"], full: true },
      ],
    },
  ],
};
const endpoint = (part: Server, key: string = part): FieldSpec => ({ key, as: "own", part, full: true });

export const SETUP: Record<ChannelKind, Group[]> = {
  mail: [
    { key: "address", fields: [{ key: "address", as: "line" }, { key: "sender", as: "line" }, { key: "login", as: "line" }] },
    { key: "in", fields: [endpoint("imap"), { key: "folder", as: "line" }, { key: "verifier", as: "line" }] },
    { key: "out", fields: [endpoint("smtp"), { key: "signature", as: "text", long: true, full: true }] },
    {
      key: "oauth",
      fields: [
        {
          key: "oauth", as: "part", scope: "oauth", full: true, maybe: () => ({ token_url: "https://", client: "", scope: "" }),
          fields: () => [{ key: "token_url", as: "line", full: true }, { key: "client", as: "line" }, { key: "scope", as: "line" }],
        },
      ],
    },
  ],
  sms_http: [
    {
      key: "request",
      fields: [
        { key: "url", as: "line", full: true },
        { key: "content_type", as: "line" },
        { key: "headers", as: "own", part: "headers", full: true },
        { key: "body", as: "line", long: true, full: true },
        { key: "sign", as: "line", full: true },
        { key: "sign_with", as: "choice", of: ["hmac_sha256", "hmac_sha1_base64", "sha256"], words: "signWith" },
      ],
    },
    { key: "answer", fields: [{ key: "ok_at", as: "line" }, { key: "ok_is", as: "line" }, { key: "id_at", as: "line" }, { key: "error_at", as: "line" }] },
    {
      key: "callback",
      fields: [
        { key: "in_from", as: "line" },
        { key: "in_text", as: "line" },
        { key: "in_id", as: "line" },
        { key: "receipt_id", as: "line" },
        { key: "receipt_state", as: "line" },
        { key: "delivered_states", as: "words" },
        { key: "signature_header", as: "line" },
      ],
    },
    RULES,
  ],
  smpp: [
    { key: "server", fields: [endpoint("smpp", "server"), { key: "system_id", as: "line" }, { key: "system_type", as: "line" }] },
    {
      key: "sending",
      fields: [
        { key: "source", as: "line" },
        { key: "country_code", as: "line" },
        { key: "window", as: "number", min: 0, max: 1_000 },
        { key: "alphabet", as: "choice", of: ["gsm", "latin1"], words: "smppAlphabet" },
        { key: "hex_ids", as: "switch" },
      ],
    },
    RULES,
  ],
  wechat: [
    { key: "account", fields: [{ key: "app", as: "choice", of: ["official", "mini"], words: "wechatApp" }, { key: "app_id", as: "line" }, { key: "base_url", as: "line", full: true }] },
  ],
  wecom: [{ key: "account", fields: [{ key: "corp_id", as: "line" }, { key: "base_url", as: "line", full: true }] }],
  platform: [{ key: "platform", fields: [{ key: "url", as: "line", full: true }] }],
  letter: [{ key: "letter", fields: [{ key: "prefix", as: "line" }] }],
  walkin: [],
  site_mail: [],
  phone: [{ key: "phone", fields: [{ key: "numbers", as: "words", full: true }, { key: "flow", as: "ref", kind: "flow", maybe: true }, { key: "record", as: "switch" }] }],
  site: [
    { key: "site", fields: [{ key: "site", as: "line" }] },
    { key: "helped", fields: [{ key: "sends", as: "ref", kind: "queue", maybe: true }, { key: "deputy", as: "ref", kind: "user", maybe: true }] },
  ],
};
