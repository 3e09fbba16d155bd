import { onBeforeUnmount, onMounted } from "vue";
import { preferences } from "../../preferences";

const inText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));

/** A dialog, menu or list that is open keeps the keys for itself. */
const covered = (): boolean => document.querySelector(".el-overlay:not([style*='display: none'])") !== null;

/** Single keys act outside text fields; inside them, and anywhere, the same keys with Alt. */
export function useKeys(acts: Record<string, () => unknown>): void {
  function pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.ctrlKey || event.metaKey || covered()) return;
    if (event.altKey ? false : inText(event.target) || !preferences.singleKeys) return;
    // With Alt, some layouts give another letter; the key itself stays.
    const key = event.altKey ? event.code.replace(/^Key/, "").toLowerCase() : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const found = acts[key];
    if (!found) return;
    event.preventDefault();
    found();
  }
  onMounted(() => addEventListener("keydown", pressed));
  onBeforeUnmount(() => removeEventListener("keydown", pressed));
}
