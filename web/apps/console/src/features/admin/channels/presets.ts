import type { SmsHttp } from "@yingda/wire";

/** SMS providers whose interfaces are known: a start that is filled in, not a tie. */
export const PRESETS: { key: string; setup: Partial<SmsHttp> }[] = [
  {
    key: "json",
    setup: {
      content_type: "application/json", headers: {},
      body: '{"id":{id:json},"mobile":{to:json},"content":{text:json},"at":{at},"sign":"{signature}"}',
      sign: "{id}{to}{text}{at}", sign_with: "hmac_sha256", ok_at: "code", ok_is: "0", id_at: "id", error_at: "message",
      in_from: "mobile", in_text: "content", in_id: "id", receipt_id: "id", receipt_state: "state", delivered_states: ["DELIVRD"], signature_header: "x-signature",
    },
  },
  {
    key: "yunpian",
    setup: {
      url: "https://sms.yunpian.com/v2/sms/single_send.json", content_type: "application/x-www-form-urlencoded", headers: {},
      body: "apikey={key:url}&mobile={to:url}&text={text:url}&uid={id:url}", sign: "", sign_with: "hmac_sha256", ok_at: "code", ok_is: "0", id_at: "sid", error_at: "msg",
      in_from: "mobile", in_text: "text", in_id: "id", receipt_id: "sid", receipt_state: "report_status", delivered_states: ["SUCCESS"], signature_header: "",
    },
  },
  {
    key: "twilio",
    setup: {
      url: "https://api.twilio.com/2010-04-01/Accounts/ACCOUNT/Messages.json", content_type: "application/x-www-form-urlencoded", headers: { Authorization: "Basic {key}" },
      body: "From=NUMBER&To={to:url}&Body={text:url}", sign: "", sign_with: "hmac_sha256", ok_at: "", ok_is: "", id_at: "sid", error_at: "message",
      in_from: "From", in_text: "Body", in_id: "MessageSid", receipt_id: "MessageSid", receipt_state: "MessageStatus", delivered_states: ["delivered"], signature_header: "",
    },
  },
];
