// A provider of SMS that keeps what it is given, and the channel to it.

import { Receiver } from "./receiver.ts";
import { PRESALES, type Staff } from "./stage.ts";

/** A record that is made without the browser; gives its id. */
export async function makes(admin: Staff, path: string, data: object): Promise<string> {
  const answer = await admin.page.request.post(`${admin.url}/api/v1${path}`, { headers: { "x-yingda": "1", "idempotency-key": crypto.randomUUID() }, data });
  if (!answer.ok()) throw new Error(await answer.text());
  return ((await answer.json()) as { id: string }).id;
}

export const channel = (admin: Staff, name: { zh: string; en: string }, setup: object) =>
  makes(admin, "/records/channel", { kind: "channel", enabled: true, queue: PRESALES.split("/").at(-1), name, setup });

export function smsChannel(admin: Staff, provider: Receiver): Promise<string> {
  provider.answer = JSON.stringify({ code: 0, mid: "m1" });
  return channel(admin, { zh: "短信通道", en: "SMS" }, {
    type: "sms_http", url: provider.url, rules: { signature: "应答", quiet_from: 0, quiet_until: 0, per_number_a_day: 3 },
    body: '{"mobile":{to:json},"content":{text:json}}', ok_at: "code", ok_is: "0", id_at: "mid", error_at: "msg",
    in_from: "mobile", in_text: "content", in_id: "id", receipt_id: "mid", receipt_state: "stat", delivered_states: ["DELIVRD"],
  });
}
