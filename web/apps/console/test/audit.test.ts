// What the audit log shows of a change.
import { expect, test } from "vitest";
import { differences, sides } from "../src/features/audit/diff";

test("only what differs is told, by its place", () => {
  const before = { kind: "queue", name: { zh: "售前", en: "Sales" }, needs: [{ skill: "1", level: 3 }], users: [] };
  const after = { kind: "queue", name: { zh: "售前咨询", en: "Sales" }, needs: [], users: null };
  expect(differences(before, after)).toEqual([
    { path: "name.zh", before: "售前", after: "售前咨询" },
    { path: "needs.0.skill", before: "1", after: null },
    { path: "needs.0.level", before: "3", after: null },
  ]);
});

test("hours are told as people write them, and a day off is something", () => {
  const before = { days: { "2027-03-13": { name: { zh: "", en: "" }, spans: [{ from: 540, to: 720 }] } } };
  expect(differences(before, { days: { "2027-03-13": { name: { zh: "", en: "" }, spans: [] } } })).toEqual([{ path: "days.2027-03-13.spans", before: "09:00-12:00", after: "–" }]);
  expect(differences(before, { days: {} })).toEqual([{ path: "days.2027-03-13.spans", before: "09:00-12:00", after: null }]);
});

test("a new record has no before", () => {
  expect(differences(null, { name: "a" })).toEqual([{ path: "name", before: null, after: "a" }]);
});

test("only changes have two sides", () => {
  expect(sides({ type: "origin", ip: "::1" })).toBeNull();
  expect(sides({ type: "change", before: null, after: { a: 1 } })).toEqual({ before: null, after: { a: 1 } });
});
