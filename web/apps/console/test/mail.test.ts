// Mails and SMS in a conversation: what is told of them, and what people type into their heads.
import type { Event, Mail } from "@yingda/wire";
import { expect, test } from "vitest";
import { answerTo, beginning, blankMail, complete, draftOfMail, isWritable, blankDraft, lastMail, readMailboxes, trust } from "../src/features/desk/mail";
import { measure } from "../src/features/desk/sms";

test.each([
  ["wang@example.com", [{ address: "wang@example.com" }], []],
  ['王芳 <wang@example.com>, "Li, Min" <li@example.com>', [{ name: "王芳", address: "wang@example.com" }, { name: "Li, Min", address: "li@example.com" }], []],
  ["a@b.cn；c@d.cn\ne@f.cn", [{ address: "a@b.cn" }, { address: "c@d.cn" }, { address: "e@f.cn" }], []],
  ["<a@b.cn>", [{ address: "a@b.cn" }], []],
  ["王芳, a@b", [], ["王芳", "a@b"]],
  ["", [], []],
])("addresses as people type them: %s", (text, boxes, wrong) => {
  expect(readMailboxes(text)).toEqual({ boxes, wrong });
});

test("an answer is called Re: once", () => {
  expect(answerTo("退货")).toBe("Re: 退货");
  expect(answerTo("RE: Re：回复：退货")).toBe("Re: 退货");
  expect(answerTo(" ")).toBe("");
});

const mail = (more: Partial<Mail>): Mail => ({ ...blankMail(), ...more });
test("what was left out on the way is empty", () => {
  expect(complete({ subject: "a" })).toEqual(mail({ subject: "a" }));
});

const posted = (by: "visitor" | "user", subject: string): Event =>
  ({ kind: "message_posted", type: "mail", mail: mail({ subject }), by: { type: by, id: "1" }, seq: 1, at: 1, on: { conversation: "9" }, to: "customer" }) as Event;

test("an answer refers to the customer's last mail, and without one to ours", () => {
  expect(lastMail([posted("visitor", "a"), posted("visitor", "b"), posted("user", "c")])?.subject).toBe("b");
  expect(lastMail([posted("user", "c")])?.subject).toBe("c");
  expect(lastMail([])).toBeNull();
});

test.each([
  [{ spf: "pass", dkim: "none", dmarc: "none" }, "proved"],
  [{ spf: "pass", dkim: "pass", dmarc: "fail" }, "failed"],
  [{ spf: "fail", dkim: "fail", dmarc: "pass" }, "proved"],
  [{ spf: "fail", dkim: "pass", dmarc: "none" }, "proved"],
  [{ spf: "fail", dkim: "none", dmarc: "none" }, "failed"],
  [{ spf: "none", dkim: "none", dmarc: "none" }, "unknown"],
  [null, "unknown"],
] as const)("who wrote: %j is %s", (proof, verdict) => {
  expect(trust(mail({ proof }))).toBe(verdict);
});

test("a long text begins with fourteen lines or nine hundred characters", () => {
  expect(beginning("短")).toBeNull();
  expect(beginning(Array(20).fill("x").join("\n"))?.split("\n")).toHaveLength(14);
  expect(beginning("长".repeat(2_000))).toHaveLength(900);
});

test("a mail that was taken back stands in the head as it was typed", () => {
  const to = [{ name: "王芳", address: "wang@example.com" }];
  const draft = draftOfMail(mail({ subject: "Re: 退货", to, cc: [{ address: "a@b.cn" }], send_at: 5 }));
  expect(draft).toEqual({ subject: "Re: 退货", to: "王芳 <wang@example.com>", cc: "a@b.cn", bcc: "", send_at: 5 });
  expect(isWritable(draft)).toBe(true);
  expect(isWritable({ ...blankDraft(), bcc: "谁" })).toBe(false);
});

test.each([
  ["", 0, 1, 160],
  ["a".repeat(160), 160, 1, 0],
  ["a".repeat(161), 161, 2, 145],
  ["a".repeat(307), 307, 3, 152],
  ["€", 2, 1, 158],
  ["您好", 2, 1, 68],
  ["好".repeat(70), 70, 1, 0],
  ["好".repeat(71), 71, 2, 63],
  ["😀", 2, 1, 68],
])("an SMS is counted as it is cut (%#)", (text, length, parts, room) => {
  expect(measure(text)).toEqual({ length, parts, room });
});
