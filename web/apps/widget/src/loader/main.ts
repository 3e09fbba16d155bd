// The only script that a site embeds:
//   <script src="https://…/widget/loader.js" data-widget="ID" async></script>
// It draws the bubble, makes the iframe, keeps what is stored in the page's own storage, and answers
// `Yingda('open' | 'close' | 'consent' | 'identify' | 'lang', value)`. No framework: every byte is the site's.

import type { Boot, Look, Page, ToFrame, ToHost } from "../bridge";
import type { Identity, Lang } from "../wire";
import { moveable, type Spot } from "./place";
import { css } from "./style";

type Call = [name: string, value?: unknown];
type Api = { (...call: Call): void; q?: Call[]; on?: boolean };

const page = window as unknown as { Yingda?: Api };
const script = (document.currentScript ?? document.querySelector("script[data-widget]")) as HTMLScriptElement;

function start() {
  const { widget, position, theme = "auto", consent: gate } = script.dataset;
  const origin = new URL(script.src).origin;
  const prefix = `yingda:${widget}:`;

  // Storage may be forbidden altogether; then the widget lives as long as the page.
  const kept = (session: boolean): Storage | null => {
    try {
      return session ? sessionStorage : localStorage;
    } catch {
      return null;
    }
  };
  const set = (key: string, value: string | null, session = false) => {
    try {
      if (value === null) kept(session)?.removeItem(prefix + key);
      else kept(session)?.setItem(prefix + key, value);
    } catch {
      // The quota is full: nothing that the page shows depends on it.
    }
  };
  const get = (key: string, session = false) => kept(session)?.getItem(prefix + key) ?? null;
  const parsed = <T>(text: string | null): T | null => {
    try {
      return text && JSON.parse(text);
    } catch {
      return null;
    }
  };

  // Not a `div`: rules that a page has for those would move it.
  const host = document.createElement("yingda-chat");
  host.id = "yingda";
  host.style.cssText = `all:initial;color-scheme:${theme === "auto" ? "light dark" : theme}`;
  if (theme !== "light") host.className = "d";
  const shadow = host.attachShadow({ mode: "open" });
  // A constructed sheet passes the host page's content security policy; old browsers get an element.
  if ("replaceSync" in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
  }
  const root = document.createElement("div");
  root.innerHTML =
    `${shadow.adoptedStyleSheets?.length ? "" : `<style>${css}</style>`}<div class=s role=status></div>` +
    "<div class=i hidden><button><b></b><span></span></button><button>×</button></div>" +
    "<button class=b hidden aria-haspopup=dialog aria-expanded=false><svg viewBox='0 0 24 24' fill=none stroke=currentColor stroke-width=1.8 stroke-linecap=round stroke-linejoin=round aria-hidden=true><path d='M21 11.5a8.5 8.5 0 0 1-12.4 7.5L3 21l2-5.6A8.5 8.5 0 1 1 21 11.5z'/><path d='M9 11.5h.01M12.5 11.5h.01M16 11.5h.01'/></svg><span class=n aria-hidden=true></span></button>" +
    "<div class=p></div>";
  const one = <E extends HTMLElement>(selector: string) => root.querySelector<E>(selector)!;
  const [bubble, badge, panel, card, status] = [one(".b"), one(".n"), one(".p"), one(".i"), one(".s")];
  shadow.append(root);

  let look = parsed<Look>(get("look"));
  let frame: HTMLIFrameElement | null = null;
  let ready = false;
  let opened = get("open", true) === "1";
  let unread = 0;
  let identity: Identity | null = null;
  let consent = get("consent") ? true : gate ? false : null;

  const spot: Spot = parsed<Spot>(get("spot")) ?? {
    side: (position as Spot["side"]) ?? look?.side ?? "right",
    bottom: 20,
  };
  const bubbling = moveable(root, bubble, spot, (spot) => set("spot", JSON.stringify(spot)));

  const tell = (message: ToFrame) => ready && frame?.contentWindow?.postMessage(message, origin);
  const here = (): Page => ({ url: location.href, title: document.title, referrer: document.referrer });

  const label = () => {
    if (!look) return;
    badge.textContent = unread ? String(Math.min(unread, 99)) : "";
    const counted = unread ? look.words.unread.replace("#", String(unread)) : "";
    bubble.setAttribute("aria-label", look.label + (counted && `, ${counted}`));
    status.textContent = opened ? "" : counted;
  };
  const dress = () => {
    if (!look) return;
    root.style.setProperty("--a", look.accent);
    root.style.setProperty("--k", look.ink);
    if (!get("spot") && !position) spot.side = look.side;
    bubbling.show();
    if (frame) frame.title = look.label;
    card.lastElementChild!.setAttribute("aria-label", look.words.dismiss);
    bubble.hidden = false;
    label();
  };

  const show = (on: boolean) => {
    if (on) embed();
    const before = opened;
    opened = on;
    set("open", on ? "1" : null, true);
    root.classList.toggle("o", on);
    bubble.setAttribute("aria-expanded", String(on));
    // A full-screen panel on a phone: the page behind it must not scroll.
    document.documentElement.style.overflow = on && panel.clientWidth >= innerWidth ? "hidden" : "";
    if (on) {
      card.hidden = true;
      frame?.focus();
    } else if (before) bubble.focus();
    label();
    tell({ y: "open", on });
  };

  const embed = () => {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = look?.label ?? "Chat";
    frame.allow = "clipboard-write";
    // The fragment stays in the browser: the frame learns to whom it may speak.
    frame.src = `${origin}/widget/frame?widget=${widget}#${new URLSearchParams({ o: location.origin, t: theme })}`;
    panel.append(frame);
    // A server that cannot be reached must not leave a dead panel behind.
    setTimeout(() => {
      if (ready) return;
      if (opened) show(false);
      bubble.hidden = true;
    }, 9000);
  };

  const boot = (): Boot => {
    const store: Record<string, string> = {};
    for (const session of [false, true]) {
      for (const [key, value] of Object.entries(kept(session) ?? {}))
        if (key.startsWith(prefix)) store[key.slice(prefix.length)] = value;
    }
    const campaign = new URLSearchParams();
    for (const [key, value] of new URLSearchParams(location.search)) if (/^utm_/.test(key)) campaign.set(key, value);
    const arrival = parsed<Boot["arrival"]>(get("arrival", true)) ?? {
      landing: location.href,
      referrer: document.referrer,
      campaign: String(campaign),
    };
    if (consent !== false) set("arrival", JSON.stringify(arrival), true);
    const langs = [document.documentElement.lang, ...navigator.languages].filter(Boolean);
    return { y: "boot", store, page: here(), arrival, langs, consent, open: opened, identity };
  };

  const heard: { [K in ToHost["y"]]: (message: Extract<ToHost, { y: K }>) => void } = {
    hi() {
      ready = true;
      tell(boot());
    },
    look(message) {
      look = message.look;
      set("look", JSON.stringify(look));
      dress();
    },
    unread(message) {
      unread = message.count;
      label();
    },
    close: () => show(false),
    set: ({ key, value, session }) => set(key, value, session),
    invite({ text, who }) {
      card.querySelector("b")!.textContent = who;
      card.querySelector("span")!.textContent = text;
      card.hidden = opened;
      status.textContent = text;
    },
  };
  addEventListener("message", (event: MessageEvent<ToHost>) => {
    if (event.origin === origin && frame && event.source === frame.contentWindow)
      heard[event.data.y]?.(event.data as never);
  });
  // Another tab of the site stored something: both stay in step.
  addEventListener("storage", ({ key, newValue, storageArea }) => {
    if (storageArea === kept(false) && key?.startsWith(prefix))
      tell({ y: "stored", key: key.slice(prefix.length), value: newValue });
  });

  bubble.onclick = () => bubbling.dragged() || show(true);
  const answer = (accepted: boolean) => () => {
    card.hidden = true;
    tell({ y: "invited", accepted });
    if (accepted) show(true);
    else bubble.focus();
  };
  (card.firstElementChild as HTMLElement).onclick = answer(true);
  (card.lastElementChild as HTMLElement).onclick = answer(false);

  // The keyboard of a phone shrinks the visual viewport, not the page: the panel follows it.
  const view = window.visualViewport;
  const fit = () => {
    root.style.setProperty("--h", view!.height + "px");
    root.style.setProperty("--t", view!.offsetTop + "px");
  };
  if (view) {
    view.onresize = view.onscroll = fit;
    fit();
  }

  // A single-page site changes its address without a load.
  let url = location.href;
  const moved = () =>
    setTimeout(() => {
      if (location.href === url) return;
      const referrer = url;
      url = location.href;
      tell({ y: "page", page: { ...here(), referrer } });
    });
  for (const name of ["pushState", "replaceState"] as const) {
    const own = history[name];
    history[name] = function (...change) {
      own.apply(this, change);
      moved();
    };
  }
  addEventListener("popstate", moved);
  addEventListener("hashchange", moved);

  const calls: Record<string, (value: never) => void> = {
    open: () => show(true),
    close: () => show(false),
    consent(value?: boolean) {
      consent = value !== false;
      set("consent", consent ? "1" : null);
      tell({ y: "consent", on: consent });
    },
    identify(value: Identity | null) {
      identity = value;
      tell({ y: "identify", identity });
    },
    lang: (lang: Lang) => tell({ y: "lang", lang }),
  };
  const waiting = page.Yingda?.q ?? [];
  page.Yingda = (name, value) => calls[name]?.(value as never);
  page.Yingda.on = true;
  for (const [name, value] of waiting) page.Yingda(name, value);

  document.body.append(host);
  dress();
  if (opened) show(true);
  else if (document.readyState === "complete") embed();
  else addEventListener("load", embed);
}

if (script && !page.Yingda?.on) {
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
}
