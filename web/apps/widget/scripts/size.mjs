// The size budget: what a host page pays for the widget, compressed as the server sends it.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const gzip = (name) => gzipSync(readFileSync(new URL(`../dist/${name}`, import.meta.url)), { level: 9 }).length;
const sizes = { "loader.js": gzip("loader.js"), "frame.html": gzip("frame.html") };
const limits = { "loader.js": 4_000, "frame.html": 30_000, total: 34_000 };
sizes.total = sizes["loader.js"] + sizes["frame.html"];

let over = false;
for (const [name, limit] of Object.entries(limits)) {
  const fits = sizes[name] <= limit;
  over ||= !fits;
  console.log(`${fits ? "ok  " : "OVER"} ${name.padEnd(12)} ${sizes[name]} of ${limit} bytes gzip`);
}
process.exit(over ? 1 : 0);
