// Records that administrators write: opening hours as people type them, faults by field, what two versions differ in.
import { RECORD_KINDS, type AnyRecord, type PackItem } from "@yingda/wire";
import { expect, test } from "vitest";
import { differing, faultsOf, isSame } from "../src/features/admin/draft";
import type { FieldSpec } from "../src/features/admin/describe";
import { blankSetup, CHANNEL_KINDS, SETUP } from "../src/features/admin/channels/kinds";
import { PRESETS } from "../src/features/admin/channels/presets";
import { outcomeOf, type PackState } from "../src/features/admin/packs";
import { SECTIONS } from "../src/features/admin/sections";
import { readSpans, writeSpans } from "../src/features/admin/spans";
import { words } from "../src/features/admin/words";

test.each([
  ["09:00-12:00 13:30-18:00", [{ from: 540, to: 720 }, { from: 810, to: 1_080 }]],
  ["9：00～24:00", [{ from: 540, to: 1_440 }]],
  ["09:00-12:00，13:30-18:00", [{ from: 540, to: 720 }, { from: 810, to: 1_080 }]],
  ["9-12 13:30-18", [{ from: 540, to: 720 }, { from: 810, to: 1_080 }]],
  ["", []],
  ["18:00-09:00", null],
  ["09:00-12:00 11:00-13:00", null],
  ["09:61-12:00", null],
  ["9", null],
  ["often", null],
])("opening hours %s", (text, spans) => {
  expect(readSpans(text)).toEqual(spans);
  if (spans) expect(readSpans(writeSpans(spans))).toEqual(spans);
});

test("a fault inside a part belongs to the field, another field's does not", () => {
  const faults = [{ field: "needs.0.level", message: "a" }, { field: "name", message: "b" }, { field: "need", message: "c" }];
  expect(faultsOf("needs", faults)).toEqual(["a"]);
  expect(faultsOf("needs.0.level", faults)).toEqual(["a"]);
});

test("versions are compared by value, not by the order of their fields", () => {
  const ours = { kind: "skill", name: { zh: "英语", en: "English" } } as AnyRecord;
  expect(isSame(ours, { name: { en: "English", zh: "英语" }, kind: "skill" })).toBe(true);
  expect(differing(ours, { kind: "skill", name: { zh: "英文", en: "English" } } as AnyRecord)).toEqual(["name"]);
});

const specs = SECTIONS.flatMap((it) => it.sections).flatMap((it) => (it.spec ? [it.spec] : []));

test("every kind of record has its editor, and every field of a record is in it", () => {
  expect(specs.map((it) => it.kind).sort()).toEqual([...RECORD_KINDS].sort());
  for (const spec of specs) {
    const written = new Set(spec.groups.flatMap((it) => it.fields.map((field) => field.key)));
    const left = Object.keys(spec.blank()).filter((key) => !["kind", "avatar", "owner", "live"].includes(key) && !written.has(key));
    expect(left, spec.kind).toEqual([]);
  }
});

test("every field and group is named in the words", () => {
  const admin = words.zh as unknown as Record<string, Record<string, Record<string, string>>>;
  const missing: string[] = [];
  const look = (scope: string, fields: FieldSpec[], depth: number) => {
    for (const field of fields) {
      if (!admin.field?.[scope]?.[field.key] && !admin.field?.any?.[field.key]) missing.push(`${scope}.${field.key}`);
      if ((field.as === "list" || field.as === "part") && depth < 3) look(field.scope, field.fields(), depth + 1);
    }
  };
  for (const spec of specs) {
    for (const group of spec.groups) {
      if (!admin.group?.[spec.kind]?.[group.key]) missing.push(`group ${spec.kind}.${group.key}`);
      look(spec.kind, group.fields, 0);
    }
  }
  for (const kind of CHANNEL_KINDS) {
    for (const group of SETUP[kind]) {
      if (!admin.group?.[`setup_${kind}`]?.[group.key]) missing.push(`group setup_${kind}.${group.key}`);
      look(`setup_${kind}`, group.fields, 0);
    }
  }
  expect(missing).toEqual([]);
});

test.each(CHANNEL_KINDS)("every part of a channel's setup is in its editor: %s", (kind) => {
  const written = new Set(SETUP[kind].flatMap((it) => it.fields.map((field) => field.key)));
  expect(Object.keys(blankSetup(kind)).filter((key) => key !== "type" && !written.has(key))).toEqual([]);
});

test("a preset fills in nothing but what a provider's setup has", () => {
  const known = Object.keys(blankSetup("sms_http"));
  for (const { setup } of PRESETS) expect(known).toEqual(expect.arrayContaining(Object.keys(setup)));
});

test("installing and removing a pack is told by what became of each record", () => {
  const item = (id: string, state: PackState, problem: string | null = null) => ({ item: id, kind: "ticket_type", name: { zh: "", en: "" }, record: null, state, problem }) as PackItem;
  const before = [item("a", "new"), item("b", "older"), item("c", "same"), item("d", "edited"), item("e", "new")];
  const after = [item("a", "same"), item("b", "same"), item("c", "same"), item("d", "edited"), item("e", "blocked", "taken")];
  expect(outcomeOf(before, after)).toEqual({ made: 1, renewed: 1, removed: 0, left: 1, blocked: 1 });
});
