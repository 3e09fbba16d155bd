import { signal } from "../core/signals";
import { isOver, lang, proving, token, told, w } from "../chat";
import { checkCode, sendCode } from "../core/http";

const to = signal("");
const code = signal("");
const busy = signal(false);
/** What the server said of the last try; told as it came. */
const said = signal("");

async function attempt(work: (token: string) => Promise<void>) {
  if (!token.value || busy.value) return;
  busy.value = true;
  said.value = "";
  try {
    await work(token.value);
    code.value = "";
  } catch (error) {
    said.value = (error as Error).message || w.value.failed;
  } finally {
    busy.value = false;
  }
}

const send = (point: string, address: string) => attempt((of) => sendCode(point, address, of, lang.value));

/** Showing who one is: a code that the agent sent, or that the visitor asks for, is typed here. */
export function Proof() {
  const sent = told.value.codeSent;
  if (isOver.value || !(sent || proving.value)) return null;
  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        if (sent) void attempt((of) => checkCode(code.value, of, lang.value));
        else void send(to.value.includes("@") ? "email" : "phone", to.value);
      }}
    >
      <label>
        {sent ? w.value.codeSent.replace("@", sent.label) : w.value.proveTo}
        {sent ? (
          <input class="code" inputMode="numeric" autoComplete="one-time-code" maxLength={7} required aria-label={w.value.code} value={code.value} onInput={(event) => (code.value = event.currentTarget.value)} />
        ) : (
          <input autoComplete="tel" maxLength={254} required aria-label={w.value.proveTo} value={to.value} onInput={(event) => (to.value = event.currentTarget.value)} />
        )}
      </label>
      {said.value && (
        <p class="state bad" role="alert">
          {said.value}
        </p>
      )}
      <button class="main" disabled={busy.value}>
        {sent ? w.value.submit : w.value.codeSend}
      </button>
      {sent && (
        <button type="button" class="older" disabled={busy.value} onClick={() => send(sent.point, to.value)}>
          {w.value.codeAgain}
        </button>
      )}
    </form>
  );
}
