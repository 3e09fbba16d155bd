// What the loader in the host page and the frame in its iframe say to each other, by postMessage with exact
// origins. The loader keeps the widget's storage, because the host page's storage is first-party everywhere.

import type { Identity, Lang } from "./wire";

export type Theme = "auto" | "light" | "dark";
export type Page = { url: string; title: string; referrer: string };

/** How the visitor came to the site, remembered for the tab's life. */
export type Arrival = { landing: string; referrer: string; campaign: string };

export type Boot = {
  y: "boot";
  /** Everything stored under this widget's prefix, in the browser and in the tab. */
  store: Record<string, string>;
  page: Page;
  arrival: Arrival;
  /** The host page's language tag, then the browser's. */
  langs: string[];
  /** The site has the visitor's consent to follow the pages; false while the site waits for it. */
  consent: boolean | null;
  open: boolean;
  identity: Identity | null;
};

export type ToFrame =
  | Boot
  | { y: "open"; on: boolean }
  | { y: "page"; page: Page }
  | { y: "consent"; on: boolean }
  | { y: "identify"; identity: Identity | null }
  | { y: "lang"; lang: Lang }
  | { y: "stored"; key: string; value: string | null }
  /** The visitor took or closed the invitation that the loader showed. */
  | { y: "invited"; accepted: boolean };

export type Look = {
  accent: string;
  /** The text colour that can be read on the accent. */
  ink: string;
  side: "left" | "right";
  label: string;
  /** Words of the loader in the chosen language. */
  words: { unread: string; dismiss: string };
};

export type ToHost =
  | { y: "hi" }
  | { y: "look"; look: Look }
  | { y: "unread"; count: number }
  | { y: "close" }
  | { y: "set"; key: string; value: string | null; session: boolean }
  | { y: "invite"; text: string; who: string };
