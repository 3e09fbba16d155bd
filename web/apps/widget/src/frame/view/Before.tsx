import { acceptNotice, config, conversation, lang, noticeDue, w } from "../chat";
import { answerWish, wish } from "../sending";
import { Consent, consentErrors } from "./Consent";
import { Fields, focusFirst, wrong } from "./Fields";
import { Icon } from "./Icon";

/** The form before the chat: topic, questions, privacy notice. What was typed waits and is sent with it. */
export function Before() {
  const now = config.value!;
  const asked = wish.value!;
  const { answers, agreed, topic, tried } = asked;
  const fields = conversation.value ? [] : now.pre_chat;
  const errors = tried.value ? wrong(fields, answers.value) : {};
  const consent = noticeDue.value;
  const missing = tried.value && consent ? consentErrors(agreed.value) : null;
  return (
    <form
      class="sheet"
      noValidate
      aria-labelledby="before"
      onSubmit={(event) => {
        event.preventDefault();
        tried.value = true;
        const { notice, age } = consent ? consentErrors(agreed.value) : { notice: "", age: "" };
        if (Object.keys(wrong(fields, answers.value)).length || notice || age) return void focusFirst(event.currentTarget);
        if (consent) acceptNotice(agreed.value.age === "guarded");
        const given = Object.fromEntries(fields.map(({ key }) => [key, (answers.value[key] ?? "").trim()]).filter(([, value]) => value));
        answerWish(given, topic.value);
      }}
    >
      <div class="sheet-head">
        <button type="button" class="plain" aria-label={w.value.back} onClick={() => (wish.value = null)}>
          <Icon name="back" />
        </button>
        <div>
          <h2 id="before" tabIndex={-1} ref={(at) => at?.focus()}>
            {w.value.before}
          </h2>
          {fields.length > 0 && <p>{w.value.beforeHint}</p>}
        </div>
      </div>
      {asked.text && <blockquote dir="auto">{asked.text}</blockquote>}
      {asked.file && <blockquote>{asked.file.name}</blockquote>}
      {!conversation.value && now.topics.length > 0 && (
        <fieldset class="topics">
          <legend>
            {w.value.topics} <small>{w.value.optional}</small>
          </legend>
          <div class="chips">
            {now.topics.map(({ label }, at) => (
              <label key={at} class={topic.value === at ? "chosen" : ""}>
                <input type="radio" name="topic" checked={topic.value === at} onChange={() => (topic.value = at)} />
                {label[lang.value] || label.zh || label.en}
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <Fields of={fields} answers={answers} errors={errors} />
      {consent && <Consent of={agreed} errors={missing} />}
      <button class="main">{w.value.begin}</button>
    </form>
  );
}
