import type { Signal } from "../core/signals";
import { config, lang, w } from "../chat";
import type { Agreed } from "../sending";

export const consentErrors = ({ notice, age }: Agreed) => ({
  notice: notice ? "" : w.value.agreeNeeded,
  age: age || !config.value?.ask_guardian ? "" : w.value.guardianNeeded,
});

/** The notice in full, a tick of one's own, and under 14 the guardian's word. Nothing is ticked beforehand. */
export function Consent({ of, errors }: { of: Signal<Agreed>; errors: { notice: string; age: string } | null }) {
  const now = config.value;
  if (!now) return null;
  const age = (value: Agreed["age"], label: string) => (
    <label class="tick">
      <input type="radio" name="age" checked={of.value.age === value} aria-invalid={!!errors?.age} onChange={() => (of.value = { ...of.value, age: value })} />
      <span>{label}</span>
    </label>
  );
  return (
    <div class="consent">
      <details>
        <summary>{w.value.notice}</summary>
        <p>{now.notice[lang.value] || now.notice.zh || now.notice.en}</p>
      </details>
      <label class="tick">
        <input type="checkbox" checked={of.value.notice} aria-invalid={!!errors?.notice} onChange={(event) => (of.value = { ...of.value, notice: event.currentTarget.checked })} />
        <span>{w.value.agree}</span>
      </label>
      {errors?.notice && <p class="error">{errors.notice}</p>}
      {now.ask_guardian && (
        <div role="radiogroup" aria-label={w.value.adult}>
          {age("adult", w.value.adult)}
          {age("guarded", w.value.guarded)}
        </div>
      )}
      {errors?.age && <p class="error">{errors.age}</p>}
    </div>
  );
}
