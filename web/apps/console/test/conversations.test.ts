// What a list of conversations asks the server for.
import { expect, test } from "vitest";
import { question, viewOf } from "../src/features/conversations/views";

const none = { q: "", phase: "", medium: "", queue: "", agent: "", tag: "", from: "", to: "" };

test("a filter that is empty is not asked", () => {
  expect(question("all", { ...none, q: " 沈浩然 ", phase: "open" })).toEqual({ q: "沈浩然", phase: "open" });
});

test("a view goes before what is chosen beside it", () => {
  expect(question("mine", { ...none, agent: "7" })).toEqual({ agent: "me" });
  expect(question("due", { ...none, agent: "7" })).toEqual({ agent: "7", record_due: true });
  expect(question("follow", none)).toEqual({ follow_up: "open" });
});

test("an address with an unknown view shows all", () => {
  expect(viewOf("nothing")).toBe("all");
  expect(viewOf("due")).toBe("due");
});
