import { signal } from "../core/signals";
import type { Content } from "../../wire";
import { conversation, discard, drawn, isOver, isStarting, lang, loadOlder, older, place, sendAgain, told, token, typist, w } from "../chat";
import { fileUrl } from "../core/http";
import type { Row, Said } from "../core/rows";
import { fileSize, parts } from "../core/text";
import { Face } from "./Face";
import { Home } from "./Home";
import { Icon } from "./Icon";
import { Proof } from "./Proof";
import { Rating } from "./Rating";
import { Uploads } from "./Uploads";

const locale = () => (lang.value === "zh" ? "zh-CN" : "en");
const clock = (at: number) => new Date(at).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", hour12: false });
const exact = (at: number) => new Date(at).toLocaleString(locale());

function day(at: number): string {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return w.value.today;
  if (days === 1) return w.value.yesterday;
  return new Date(at).toLocaleDateString(locale(), { month: "long", day: "numeric", weekday: "short" });
}

function Body({ content }: { content: Content }) {
  if (content.type === "text")
    return (
      <p class="text" dir="auto">
        {parts(content.text).map((part) =>
          part.href ? (
            <a href={part.href} target="_blank" rel="noopener noreferrer nofollow ugc">
              {part.text}
            </a>
          ) : (
            part.text
          ),
        )}
      </p>
    );
  const url = token.value ? fileUrl(content.file, token.value) : "";
  if (/^image\/(png|jpeg|gif|webp)$/.test(content.mime))
    return (
      <a class="picture" href={url} target="_blank" rel="noopener">
        <img src={url} alt={`${w.value.image} ${content.name}`} loading="lazy" />
      </a>
    );
  return (
    <a class="file" href={url} target="_blank" rel="noopener" download={content.name}>
      <Icon name="file" size={24} />
      <span>
        <b>{content.name}</b>
        <small>{fileSize(content.size)}</small>
      </span>
    </a>
  );
}

function Message({ of }: { of: Said }) {
  const { own, who, mark, content, at, first, last, delivery, unsent } = of;
  return (
    <div class={`said ${own ? "own" : "other"}${first ? " first" : ""}${last ? " last" : ""}${delivery === "failed" ? " fallen" : ""}`}>
      {!own && (last ? <Face of={who} bot={mark === "bot"} /> : <span class="face none" />)}
      <div class="block">
        {first && (
          <p class="who">
            {own ? <span class="hidden">{w.value.you}</span> : who.name}
            <time dateTime={new Date(at).toISOString()} title={exact(at)}>
              {clock(at)}
            </time>
          </p>
        )}
        <div class={content.type === "text" ? "bubble" : "bubble held"}>
          <Body content={content} />
        </div>
        {delivery === "failed" && unsent ? (
          <p class="state bad" role="alert">
            {w.value.failed}
            {unsent.why && `：${unsent.why}`}
            <button onClick={() => sendAgain(unsent.key)}>{w.value.retry}</button>
            <button onClick={() => discard(unsent.key)}>{w.value.discard}</button>
          </p>
        ) : (
          delivery && <p class="state">{w.value[delivery]}</p>
        )}
      </div>
    </div>
  );
}

function drawRow(row: Row) {
  if (row.row === "said") return <Message key={row.key} of={row} />;
  const text = row.row === "day" ? day(row.at) : row.text;
  return (
    <p key={row.key} class={row.row}>
      <span title={exact(row.at)}>{text}</span>
    </p>
  );
}

function Queue() {
  const now = place.value;
  const waiting = !isOver.value && (isStarting.value || told.value.phase === "waiting" || told.value.phase === "offered");
  if (!waiting) return null;
  const minutes = now?.wait ? Math.round(now.wait / 60) : 0;
  return (
    <div class="queue" role="status">
      <span class="pulse" aria-hidden="true" />
      <span>
        <b>{now ? w.value.place.replace("#", String(now.position)) : w.value.waiting}</b>
        {now?.wait != null && <small>{minutes ? w.value.wait.replace("#", String(minutes)) : w.value.waitShort}</small>}
      </span>
    </div>
  );
}

/** The log's nodes, made anew only when it changed: a key typed in the composer must not cost a long history. */
function nodes(shown: Row[]) {
  const of = [shown, lang.value, token.value];
  if (!made?.of.every((part, at) => part === of[at])) made = { of, nodes: shown.map(drawRow) };
  return made.nodes;
}
let made: { of: unknown[]; nodes: preact.VNode[] } | null = null;

let box: HTMLElement | null = null;
const loading = signal(false);
/** Messages that came while the reader was further up. */
const newer = signal(0);
let atEnd = true;
let count = 0;
let height = 0;

function toEnd() {
  if (box) box.scrollTop = box.scrollHeight;
  newer.value = 0;
}

// The keyboard opened, or a picture found its size.
const resized = window.ResizeObserver && new ResizeObserver(() => atEnd && toEnd());

/** Called with the log's element after every drawing: keeps the reader where they are, or at the end. */
function settle(at: HTMLElement | null) {
  if (at && at !== box) {
    resized?.disconnect();
    resized?.observe(at);
    atEnd = true;
  }
  box = at ?? box;
  if (!at) return;
  const shown = drawn.value;
  const last = shown[shown.length - 1];
  const before = count;
  count = shown.filter((row) => row.row === "said").length;
  // Older messages came in above: what is being read stays where it is.
  if (loading.value) at.scrollTop += at.scrollHeight - height;
  else if (atEnd || (last?.row === "said" && last.delivery === "sending")) toEnd();
  else if (count > before) newer.value += count - before;
  height = at.scrollHeight;
}

/** The log keeps to its end while the reader is there; above it, a pill tells of what is new. */
export function Messages() {
  const shown = drawn.value;
  const empty = !shown.length && !conversation.value && !isStarting.value;
  return (
    <div class="scroller">
      <div
        class="log"
        // A new function each time: it is called after every drawing.
        ref={(at) => settle(at)}
        tabIndex={0}
        onScroll={({ currentTarget: at }) => {
          atEnd = at.scrollHeight - at.scrollTop - at.clientHeight < 40;
          if (atEnd) newer.value = 0;
        }}
      >
        {older.value && (
          <button
            class="older"
            disabled={loading.value}
            onClick={() => {
              loading.value = true;
              loadOlder().catch(() => undefined).finally(() => (loading.value = false));
            }}
          >
            {w.value.older}
          </button>
        )}
        {empty || (isOver.value && !told.value.ratingAsked && told.value.phase !== "closed") ? <Home /> : null}
        <div role="log" aria-live="polite" aria-label={w.value.history}>
          {nodes(shown)}
        </div>
        <Queue />
        <Uploads />
        <Proof />
        <Rating />
        {typist.value && (
          <p class="typing" role="status">
            <span class="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            {w.value.typing.replace("@", typist.value)}
          </p>
        )}
      </div>
      {newer.value > 0 && (
        <button class="pill" onClick={toEnd}>
          {w.value.newer.replace("#", String(newer.value))}
          <Icon name="down" size={16} />
        </button>
      )}
    </div>
  );
}
