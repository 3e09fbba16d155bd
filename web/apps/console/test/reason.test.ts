// SYS-24: why a message did not leave is told in the reader's language where it is our own reason.
import { expect, test } from "vitest";
import { reasonOf } from "../src/parts/reason";

test("our own reasons are known, the other side's words stay theirs", () => {
  expect(reasonOf("the customer opted out")).toEqual({ key: "optedOut" });
  expect(reasonOf("the number got 3 messages within a day")).toEqual({ key: "enough", count: 3 });
  expect(reasonOf("the 48 hours after the customer's last word are over (45015)")).toEqual({ key: "window" });
  expect(reasonOf("of a long message 1 parts of 2 came: +8613800138000: 第一段")).toEqual({ key: "partly", came: 1, total: 2, told: "+8613800138000: 第一段" });
  expect(reasonOf("the channel was deleted")).toEqual({ key: "deleted" });
  expect(reasonOf("余额不足")).toBeNull();
});
