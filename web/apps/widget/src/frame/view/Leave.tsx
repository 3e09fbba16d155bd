import { signal } from "../core/signals";
import type { Field } from "../../wire";
import { acceptNotice, config, noticeDue, token, w, widgetId } from "../chat";
import { leaveMessage, Problem } from "../core/http";
import { draft, rememberedFields, setDraft, undecided, type Answers } from "../sending";
import { Consent, consentErrors } from "./Consent";
import { Fields, focusFirst, wrong } from "./Fields";
import { Icon } from "./Icon";
import { words } from "../words";

const usual = (key: "message" | "phone" | "email" | "name", shape: Field["shape"], required = false): Field => ({
  key,
  label: { zh: words.zh[key], en: words.en[key] },
  shape,
  required,
  options: [],
});
/** Where the widget defines no form of its own; the server knows the same fields. */
const USUAL = [usual("message", "paragraph", true), usual("phone", "phone"), usual("email", "email"), usual("name", "line")];

const fresh = () => String(crypto.getRandomValues(new Uint32Array(2)));

// Kept beside the form: whoever is offered a chat in between finds the form as it was.
const answers = signal<Answers>({});
let begun = false;
const agreed = undecided();
const tried = signal(false);
const state = signal<"open" | "busy" | "done">("open");
const failed = signal("");
/** One key per message, however often it is tried: the server keeps it once. */
const key = signal(fresh());

/** Nobody is there: the question and how to answer it become an offline message. */
export function Leave() {
  const fields = config.value?.offline_form.length ? config.value.offline_form : USUAL;
  // What was begun in the composer goes on here.
  const text = fields.find(({ shape }) => shape === "paragraph")?.key;
  if (!begun) answers.value = { ...rememberedFields(), ...(text && draft.value ? { [text]: draft.value } : {}) };
  begun = true;
  const consent = noticeDue.value;
  if (state.value === "done")
    return (
      <div class="sheet done" role="status">
        <span class="tickmark">
          <Icon name="check" size={32} />
        </span>
        <h2>{w.value.leaveDone}</h2>
        <p>{w.value.leaveDoneHint}</p>
        <button
          class="second"
          onClick={() => {
            key.value = fresh();
            tried.value = false;
            if (text) answers.value = { ...answers.value, [text]: "" };
            state.value = "open";
          }}
        >
          {w.value.leaveMore}
        </button>
      </div>
    );
  return (
    <form
      class="sheet"
      noValidate
      aria-labelledby="leave"
      onSubmit={async (event) => {
        event.preventDefault();
        tried.value = true;
        const missing = consent ? consentErrors(agreed.value) : { notice: "", age: "" };
        if (Object.keys(wrong(fields, answers.value)).length || missing.notice || missing.age) return void focusFirst(event.currentTarget);
        if (consent) acceptNotice(agreed.value.age === "guarded");
        state.value = "busy";
        failed.value = "";
        const given = Object.fromEntries(fields.map(({ key }) => [key, (answers.value[key] ?? "").trim()]).filter(([, value]) => value));
        try {
          await leaveMessage(widgetId(), token.value, given, key.value);
          setDraft("");
          state.value = "done";
        } catch (problem) {
          failed.value = (problem instanceof Problem && problem.message) || w.value.leaveFailed;
          state.value = "open";
        }
      }}
    >
      <div class="sheet-head">
        <div>
          <h2 id="leave">{w.value.leave}</h2>
          <p>{w.value.leaveHint}</p>
        </div>
      </div>
      <Fields of={fields} answers={answers} errors={tried.value ? wrong(fields, answers.value) : {}} />
      {consent && <Consent of={agreed} errors={tried.value ? consentErrors(agreed.value) : null} />}
      {failed.value && (
        <p class="error" role="alert">
          {failed.value}
        </p>
      )}
      <button class="main" disabled={state.value === "busy"}>
        {w.value.leaveSend}
      </button>
    </form>
  );
}
