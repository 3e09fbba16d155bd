// SYS-75: every sentence of the console exists in both languages, and every key that is used exists.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Tree, Words } from "../src/i18n";

const found = import.meta.glob<{ words: Words }>("../src/{features,parts,shell}/**/words.ts", { eager: true });
const dictionaries = Object.entries(found).map(([path, { words }]) => ({ name: path.split("/").at(-2) ?? path, words }));

function flat(tree: Tree, prefix: string, into = new Map<string, string>()): Map<string, string> {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") into.set(`${prefix}.${key}`, value);
    else flat(value, `${prefix}.${key}`, into);
  }
  return into;
}

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((it) => it[1]).sort();

test.each(dictionaries)("$name has the same keys and placeholders in both languages", ({ name, words }) => {
  const [zh, en] = [flat(words.zh, name), flat(words.en, name)];
  expect([...en.keys()].sort()).toEqual([...zh.keys()].sort());
  for (const [key, text] of zh) {
    expect(text, key).not.toBe("");
    expect(placeholders(en.get(key) ?? ""), key).toEqual(placeholders(text));
  }
});

test("every key that a source names exists", () => {
  const known = new Set<string>();
  for (const { name, words } of dictionaries) for (const key of flat(words.zh, name).keys()) known.add(key);
  const root = join(import.meta.dirname, "../src");
  const sources = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((it) => /\.(vue|ts)$/.test(it));
  const missing = sources.flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const keys = [...text.matchAll(/\bt\(\s*["']([\w.]+)["']/g)].map((it) => it[1] ?? "");
    return keys.filter((key) => !known.has(key)).map((key) => `${path}: ${key}`);
  });
  expect(missing).toEqual([]);
});
