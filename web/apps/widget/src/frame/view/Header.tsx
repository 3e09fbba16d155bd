import { createRef } from "preact";
import { signal } from "../core/signals";
import { config, conversation, endConversation, isOver, lang, link, opened, place, proving, setSound, show, soundOn, speak, staffed, token, told, w } from "../chat";
import { transcriptUrl } from "../core/http";
import { Face } from "./Face";
import { Icon } from "./Icon";

function status(): string {
  if (link.value !== "open") return link.value === "lost" ? w.value.lost : w.value.connecting;
  if (told.value.agent && !isOver.value) return w.value.online;
  if (place.value && !isOver.value) return w.value.waiting;
  return staffed.value ? w.value.online : w.value.away;
}

const menu = signal(false);
/** Ending the conversation is asked once more. */
const sure = signal(false);
const opener = createRef<HTMLButtonElement>();

function close() {
  menu.value = false;
  sure.value = false;
  opener.current?.focus();
}

export function Header({ page }: { page: boolean }) {
  const now = config.value;
  const agent = isOver.value ? null : told.value.agent;
  const team = now?.team.slice(0, 3) ?? [];
  const title = agent?.name || now?.title[lang.value] || now?.company[lang.value] || w.value.chat;
  const languages = now?.languages ?? [];
  return (
    <header
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !menu.value) return;
        event.stopPropagation();
        close();
      }}
    >
      <div class="faces">{(agent ? [agent] : team).map((one) => <Face key={one.name} of={one} />)}</div>
      <div class="title">
        <h1>{title}</h1>
        <p class={link.value === "open" && staffed.value ? "on" : ""} role="status">
          {status()}
        </p>
      </div>
      <button ref={opener} class="plain" aria-label={w.value.menu} title={w.value.menu} aria-haspopup="menu" aria-expanded={menu.value} onClick={() => (menu.value = !menu.value)}>
        <Icon name="more" />
      </button>
      {!page && opened.value && (
        <button class="plain" aria-label={w.value.minimise} title={w.value.minimise} onClick={() => show(false)}>
          <Icon name="down" />
        </button>
      )}
      {menu.value && (
        <>
          <div class="veil" onClick={close} />
          <div class="menu" role="menu" aria-label={w.value.menu} ref={enter} onKeyDown={walk}>
            {sure.value ? (
              <>
                <p>{w.value.endSure}</p>
                <button role="menuitem" class="danger" onClick={() => (endConversation(), close())}>
                  {w.value.end}
                </button>
                <button role="menuitem" onClick={close}>
                  {w.value.cancel}
                </button>
              </>
            ) : (
              <>
                {(languages.length !== 1 || !languages.includes(lang.value)) && (
                  <button role="menuitem" onClick={() => (speak(lang.value === "zh" ? "en" : "zh"), close())}>
                    <Icon name="globe" size={18} />
                    <span lang={lang.value === "zh" ? "en" : "zh"}>{w.value.language}</span>
                  </button>
                )}
                <button role="menuitemcheckbox" aria-checked={soundOn.value} onClick={() => setSound(!soundOn.value)}>
                  <Icon name="bell" size={18} />
                  {w.value.sound}
                  <span class="hint">{soundOn.value ? w.value.on : w.value.off}</span>
                </button>
                {token.value && conversation.value && (
                  <a role="menuitem" href={transcriptUrl(token.value, lang.value)} download onClick={close}>
                    <Icon name="download" size={18} />
                    {w.value.transcript}
                  </a>
                )}
                {!isOver.value && conversation.value && (
                  <button role="menuitem" onClick={() => ((proving.value = true), close())}>
                    <Icon name="check" size={18} />
                    {w.value.prove}
                  </button>
                )}
                {!isOver.value && conversation.value && (
                  <button role="menuitem" class="danger" onClick={() => (sure.value = true)}>
                    <Icon name="stop" size={18} />
                    {w.value.end}
                  </button>
                )}
              </>
            )}
          </div>
        </>
      )}
    </header>
  );
}

/** A menu that opens takes the focus; one that is redrawn leaves it. */
function enter(menu: HTMLElement | null) {
  if (menu && !menu.contains(document.activeElement)) menu.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
}

/** Arrow keys walk through a menu. */
function walk(event: KeyboardEvent) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!step) return;
  event.preventDefault();
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role^=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + step + items.length) % items.length]?.focus();
}
