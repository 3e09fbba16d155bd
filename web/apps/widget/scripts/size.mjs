// The size budget: what a host page pays for the widget, compressed as the server sends it. With its headers and the first
// frame of its socket that is at most 35,000 bytes (`yingda-bench widget`).

import { statSync } from "node:fs";

const gzip = (name) => statSync(new URL(`../dist/${name}.gz`, import.meta.url)).size;
const sizes = { "loader.js": gzip("loader.js"), "frame.html": gzip("frame.html") };
const limits = { "loader.js": 4_000, "frame.html": 30_000, total: 31_200 };
sizes.total = sizes["loader.js"] + sizes["frame.html"];

let over = false;
for (const [name, limit] of Object.entries(limits)) {
  const fits = sizes[name] <= limit;
  over ||= !fits;
  console.log(`${fits ? "ok  " : "OVER"} ${name.padEnd(12)} ${sizes[name]} of ${limit} bytes gzip`);
}
process.exit(over ? 1 : 0);
