import { signal } from "../core/signals";
import { config, isOffline, link, show, shut, w } from "../chat";
import { sendFiles, wish } from "../sending";
import { Before } from "./Before";
import { Composer } from "./Composer";
import { Header } from "./Header";
import { Leave } from "./Leave";
import { Messages } from "./Messages";

const FOCUSABLE = "button:not(:disabled),a[href],input:not(:disabled),textarea,select,summary,[tabindex='0']";

/** Tab stays inside the open dialog; Escape leaves it. */
function keys(event: KeyboardEvent) {
  if (event.key === "Escape" && !event.isComposing) return show(false);
  if (event.key !== "Tab") return;
  const all = [...document.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((at) => at.offsetParent);
  const [first, last] = [all[0], all[all.length - 1]];
  const leaving = event.shiftKey ? first : last;
  if (document.activeElement !== leaving) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

const dragging = signal(false);

export function App({ page }: { page: boolean }) {
  const canDrop = config.value?.allow_files && !isOffline.value;
  const drag = (event: DragEvent) => {
    if (!canDrop || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    dragging.value = event.type === "dragover";
    if (event.type === "drop") sendFiles([...event.dataTransfer.files]);
  };
  const dialog = { role: "dialog", "aria-modal": true, "aria-label": w.value.chat, onKeyDown: keys } as const;
  return (
    <div
      class={page ? "app page" : "app"}
      {...(page ? ({ role: "main" } as const) : dialog)}
      onDragOver={drag}
      onDragLeave={drag}
      onDrop={drag}
    >
      <Header page={page} />
      {shut.value ? (
        <p class="lost" role="alert">
          {shut.value}
        </p>
      ) : (
        link.value === "lost" &&
        config.value && (
          <p class="lost" role="status">
            {w.value.lost}
          </p>
        )
      )}
      {shut.value ? null : isOffline.value ? <Leave /> : wish.value ? <Before /> : [<Messages key="log" />, <Composer key="composer" />]}
      {dragging.value && <div class="dropping">{w.value.drop}</div>}
    </div>
  );
}
