import { config, isOver, opened, told, w } from "../chat";
import { effect, signal } from "../core/signals";
import { draft, MAX_TEXT, sendFiles, sendText, setDraft } from "../sending";
import { Icon } from "./Icon";

const EMOJI = [..."😀😄😂😊😍😘🤔😅😎😭😢😡😱😴🙏👍👎👌👏💪🤝👋❤️💔🎉🎁🌹⭐🔥✅❌❓❗💰📦🚚📷📞⏰☕".matchAll(/\p{Extended_Pictographic}\uFE0F?/gu)].map(String);

let field: HTMLTextAreaElement | null = null;
const picking = signal(false);

/** The field grows with its text. */
function fit(text: string) {
  if (!field) return;
  field.value = text;
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 120)}px`;
}

/** On a phone the keyboard would hide what there is to read: it comes when the visitor asks for it. */
function focus(isOpen: boolean) {
  if (isOpen && !matchMedia("(pointer: coarse)").matches) field?.focus();
}

/** The field comes to the screen, or leaves it for a form. */
function enter(at: HTMLTextAreaElement | null) {
  field = at;
  fit(draft.value);
  focus(opened.value);
}

export function beginComposing() {
  effect(() => fit(draft.value));
  effect(() => focus(opened.value));
}

export function Composer() {
  const over = draft.value.length - MAX_TEXT;
  const send = () => {
    const text = draft.value;
    if (sendText(text)) setDraft("");
    field?.focus();
  };
  const insert = (emoji: string) => {
    const at = field!;
    const { selectionStart: from, selectionEnd: to } = at;
    setDraft(draft.value.slice(0, from) + emoji + draft.value.slice(to));
    picking.value = false;
    requestAnimationFrame(() => {
      at.focus();
      at.setSelectionRange(from + emoji.length, from + emoji.length);
    });
  };
  const choose = (event: preact.TargetedEvent<HTMLInputElement>) => {
    sendFiles([...(event.currentTarget.files ?? [])]);
    event.currentTarget.value = "";
  };
  const files = config.value?.allow_files;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !picking.value) return;
        event.stopPropagation();
        picking.value = false;
        field?.focus();
      }}
    >
      {told.value.phase === "closed" && isOver.value && <p class="note">{w.value.endedHint}</p>}
      {picking.value && (
        <div class="emoji" role="group" aria-label={w.value.emoji}>
          {EMOJI.map((one) => (
            <button type="button" key={one} onClick={() => insert(one)}>
              {one}
            </button>
          ))}
        </div>
      )}
      <div class="row">
        <textarea
          ref={enter}
          rows={1}
          dir="auto"
          aria-label={w.value.write}
          placeholder={w.value.write}
          value={draft.value}
          enterkeyhint="send"
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={(event) => {
            // 229: an input method still composes, and Enter belongs to it.
            if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
            event.preventDefault();
            send();
          }}
          onPaste={(event) => {
            const pasted = [...(event.clipboardData?.files ?? [])];
            if (!pasted.length || !files) return;
            event.preventDefault();
            sendFiles(pasted);
          }}
        />
        <button class="send" aria-label={w.value.send} title={w.value.send} disabled={!draft.value.trim() || over > 0}>
          <Icon name="send" />
        </button>
      </div>
      <div class="tools">
        <button type="button" class="plain" aria-label={w.value.emoji} title={w.value.emoji} aria-expanded={picking.value} onClick={() => (picking.value = !picking.value)}>
          <Icon name="smile" />
        </button>
        {files && (
          <>
            <label class="plain" title={w.value.attach}>
              <Icon name="clip" />
              <input type="file" multiple aria-label={w.value.attach} onChange={choose} />
            </label>
            <label class="plain touch" title={w.value.camera}>
              <Icon name="camera" />
              <input type="file" accept="image/*" capture="environment" aria-label={w.value.camera} onChange={choose} />
            </label>
          </>
        )}
        <span class={over > 0 ? "count bad" : "count"} role="status">
          {over > 0 ? w.value.tooLong.replace("#", String(over)) : config.value?.sneak_preview ? w.value.preview : ""}
        </span>
      </div>
    </form>
  );
}
