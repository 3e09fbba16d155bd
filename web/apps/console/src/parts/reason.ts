export type Reason = { key: "optedOut" | "notAgreed" | "quiet" | "window" | "tooMany" | "deleted" | "noAddress" | "erased" | "textOnly" | "noMail" | "machine" | "elsewhere" | "overThere" | "notSet" | "keyLength" | "noIdle" } | { key: "enough"; count: number } | { key: "notText"; told: string } | { key: "partly"; came: number; total: number; told: string };

/** What the server says by itself when a message does not leave; everything else are the other side's own words. */
const OWN: [RegExp, (found: RegExpExecArray) => Reason][] = [
  [/^the customer opted out$/, () => ({ key: "optedOut" })],
  [/^the customer has not agreed to /, () => ({ key: "notAgreed" })],
  [/^quiet hours$/, () => ({ key: "quiet" })],
  [/^the number got (\d+) messages within a day$/, (found) => ({ key: "enough", count: Number(found[1]) })],
  [/^the 48 hours after the customer's last word are over/, () => ({ key: "window" })],
  [/^too many messages since the customer's last word/, () => ({ key: "tooMany" })],
  [/^the channel was deleted$/, () => ({ key: "deleted" })],
  [/^the customer has no address in this channel$/, () => ({ key: "noAddress" })],
  [/^the message was erased$/, () => ({ key: "erased" })],
  [/^an SMS carries text only$/, () => ({ key: "textOnly" })],
  [/^it is no text \(data_coding \d+\): (.*)$/su, (found) => ({ key: "notText", told: found[1]! })],
  [/^of a long message (\d+) parts of (\d+) came: (.*)$/su, (found) => ({ key: "partly", came: Number(found[1]), total: Number(found[2]), told: found[3]! })],
  [/takes no mail$/, () => ({ key: "noMail" })],
  [/^a colleague serves this customer in 企业微信/, () => ({ key: "elsewhere" })],
  [/^the platform has ended this conversation/, () => ({ key: "overThere" })],
  [/^(not set|no key is set|no password is set)$/, () => ({ key: "notSet" })],
  [/^an EncodingAESKey has 43 characters$/, () => ({ key: "keyLength" })],
  [/^the server cannot tell of new mails \(IDLE\)/, () => ({ key: "noIdle" })],
  [/^a machine wrote the mail/, () => ({ key: "machine" })],
];

export function reasonOf(error: string): Reason | null {
  for (const [pattern, reason] of OWN) {
    const found = pattern.exec(error);
    if (found) return reason(found);
  }
  return null;
}
