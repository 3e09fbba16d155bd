import { useSignal } from "../core/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { config, isOver, opened, told, w } from "../chat";
import { draft, MAX_TEXT, sendFiles, sendText, setDraft } from "../sending";
import { Icon } from "./Icon";

const EMOJI = [..."😀😄😂😊😍😘🤔😅😎😭😢😡😱😴🙏👍👎👌👏💪🤝👋❤️💔🎉🎁🌹⭐🔥✅❌❓❗💰📦🚚📷📞⏰☕".matchAll(/\p{Extended_Pictographic}\uFE0F?/gu)].map(String);

export function Composer() {
  const field = useRef<HTMLTextAreaElement>(null);
  const picking = useSignal(false);
  const over = draft.value.length - MAX_TEXT;

  useLayoutEffect(() => {
    const at = field.current!;
    at.style.height = "auto";
    at.style.height = `${Math.min(at.scrollHeight, 120)}px`;
  }, [draft.value]);
  useEffect(() => {
    // On a phone the keyboard would hide the greeting: it opens when the visitor asks for it.
    if (opened.value && !matchMedia("(pointer: coarse)").matches) field.current?.focus();
  }, [opened.value]);

  const send = () => {
    const text = draft.value;
    if (sendText(text)) setDraft("");
    field.current?.focus();
  };
  const insert = (emoji: string) => {
    const at = field.current!;
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
        field.current?.focus();
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
          ref={field}
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
