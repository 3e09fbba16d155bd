// What a list of conversations asks the server for.
import type { ConversationRow } from "@yingda/wire";
import { expect, test } from "vitest";
import { followUps, question, viewOf } from "../src/features/conversations/views";

const none = { q: "", phase: "", queue: "", agent: "", tag: "", from: "", to: "" };

test("a filter that is empty is not asked", () => {
  expect(question("all", { ...none, q: " 沈浩然 ", phase: "open" })).toEqual({ q: "沈浩然", phase: "open" });
});

test("a view goes before what is chosen beside it", () => {
  expect(question("mine", { ...none, agent: "7" })).toEqual({ agent: "me" });
  expect(question("due", { ...none, agent: "7" })).toEqual({ agent: "7", record_due: true });
});

test("an address with an unknown view shows all", () => {
  expect(viewOf("nothing")).toBe("all");
  expect(viewOf("due")).toBe("due");
});

test("follow-ups stand in the order in which they are due", () => {
  const row = (id: string, follow_up_at: number | null) => ({ id, follow_up_at }) as ConversationRow;
  expect(followUps([row("1", 30), row("2", null), row("3", 10)]).map((it) => it.id)).toEqual(["3", "1"]);
});
