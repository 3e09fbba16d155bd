// The chat itself: inside the loader's iframe, or as a page of its own at /chat/{widget}.

import { effect } from "./core/signals";
import { render } from "preact";
import type { Theme, ToFrame, ToHost } from "../bridge";
import { answerInvitation, begin, config, consented, identified, lang, opened, pageChanged, speak, w, type Surroundings } from "./chat";
import { palette } from "./core/colour";
import { hosted, own, type Store } from "./core/store";
import { take } from "./core/tab";
import { beginSending } from "./sending";
import { App } from "./view/App";
import { beginComposing } from "./view/Composer";

const hash = new URLSearchParams(location.hash.slice(1));
const onPage = location.pathname.match(/\/chat\/([^/]+)/);
const root = document.documentElement;

function dress(tell: (message: ToHost) => void) {
  effect(() => {
    root.lang = lang.value === "zh" ? "zh-CN" : "en";
    const now = config.value;
    if (!now) return;
    const { accent, ink, link, linkDark } = palette(now.accent);
    const title = now.title[lang.value] || w.value.chat;
    document.title = title;
    for (const [name, value] of Object.entries({ accent, ink, "link-light": link, "link-dark": linkDark }))
      root.style.setProperty(`--${name}`, value);
    const words = { unread: w.value.unread, dismiss: w.value.dismiss };
    tell({ y: "look", look: { accent, ink, side: now.position, label: w.value.chat, words } });
  });
}

async function run(store: Store, surroundings: Omit<Surroundings, "store" | "box">) {
  const box = await take(store, surroundings.widget, Date.now());
  begin({ ...surroundings, store, box });
  beginSending();
  dress(surroundings.tell);
  // The whole tree is drawn anew after a change; the long log keeps its nodes where nothing in it changed.
  effect(() => render(<App page={!!onPage} />, document.body));
  beginComposing();
  // A page that comes back from the browser's memory has lost its connection and its name: begin anew.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
}

function inFrame(widget: string, host: string) {
  const tell = (message: ToHost) => parent.postMessage(message, host);
  let store: Store;
  addEventListener("message", ({ data, origin, source }: MessageEvent<ToFrame>) => {
    if (origin !== host || source !== parent) return;
    switch (data.y) {
      case "boot":
        store = hosted(data.store, tell);
        return void run(store, { widget, tell, ...data });
      case "open":
        return void (opened.value = data.on);
      case "page":
        return pageChanged(data.page);
      case "consent":
        return consented(data.on);
      case "identify":
        return identified(data.identity);
      case "lang":
        return speak(data.lang);
      case "stored":
        return store.changed(data.key, data.value);
      case "invited":
        return answerInvitation(data.accepted);
    }
  });
  tell({ y: "hi" });
}

function onOwnPage(widget: string) {
  const page = { url: location.href, title: document.title, referrer: document.referrer };
  void run(own(widget), {
    widget,
    page,
    arrival: { landing: location.href, referrer: document.referrer, campaign: "" },
    langs: [...new URLSearchParams(location.search).getAll("lang"), ...navigator.languages],
    consent: null,
    identity: null,
    open: true,
    tell: () => undefined,
  });
  // The keyboard of a phone must not cover the composer.
  const view = window.visualViewport;
  if (view) view.onresize = () => root.style.setProperty("--height", `${view.height}px`);
}

const theme = (hash.get("t") ?? "auto") as Theme;
const dark = matchMedia("(prefers-color-scheme: dark)");
const shade = () => (root.dataset.theme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme);
dark.addEventListener("change", shade);
shade();
const widget = onPage?.[1] ?? new URLSearchParams(location.search).get("widget");
const host = hash.get("o");
if (widget && onPage) onOwnPage(widget);
else if (widget && host && parent !== window) inFrame(widget, host);
