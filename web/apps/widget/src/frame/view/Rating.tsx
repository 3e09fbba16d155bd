import { signal } from "../core/signals";
import { config, conversation, rate, told, w } from "../chat";
import { Icon } from "./Icon";

const SCORES = [1, 2, 3, 4, 5];
const score = signal(0);
const comment = signal("");
/** The conversation whose rating is on its way. */
const sent = signal<string | null>(null);

/** Asked by the agent, or at the end where the widget asks; once only. */
export function Rating() {
  const { phase, rating, ratingAsked } = told.value;
  const due = ratingAsked || (config.value?.ask_rating && phase === "closed" && told.value.agent);
  if (!due || rating || !conversation.value || sent.value === conversation.value) return null;
  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        if (!score.value) return;
        sent.value = conversation.value;
        rate(score.value, comment.value.trim());
        score.value = 0;
        comment.value = "";
      }}
    >
      <fieldset>
        <legend>{w.value.rate}</legend>
        <div class="stars">
          {SCORES.map((value) => (
            <label key={value} class={value <= score.value ? "lit" : ""} title={w.value.score.replace("#", String(value))}>
              <input type="radio" name="score" checked={value === score.value} aria-label={w.value.score.replace("#", String(value))} onChange={() => (score.value = value)} />
              <Icon name="star" size={28} />
            </label>
          ))}
        </div>
      </fieldset>
      {score.value > 0 && (
        <>
          <textarea rows={2} maxLength={500} aria-label={w.value.comment} placeholder={w.value.comment} value={comment.value} onInput={(event) => (comment.value = event.currentTarget.value)} />
          <button class="main">{w.value.submit}</button>
        </>
      )}
    </form>
  );
}
