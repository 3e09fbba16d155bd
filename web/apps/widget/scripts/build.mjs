// Builds what the server embeds: dist/loader.js, dist/frame.html (one response, everything inlined), dist/demo/. What
// every page view of a host's site loads lies there compressed as well: with more patience than a server has.

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import zopfli from "@gfx/zopfli";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (path) => root + path;

/** Bundles one entry in memory: a script, or a style sheet. */
async function bundle(entry) {
  const { output } = await build({
    root,
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2020",
      cssTarget: ["chrome111", "safari16.2"],
      modulePreload: false,
      rolldownOptions: { input: at(entry), output: { format: entry.endsWith(".css") ? "es" : "iife" } },
    },
  });
  const style = output.find(({ fileName }) => fileName.endsWith(".css"));
  return String(style?.source ?? output[0].code).trim();
}

/** Fills `{name}`; the values are taken as they are, without `$` patterns. */
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

await rm(at("dist"), { recursive: true, force: true });
await mkdir(at("dist/demo"), { recursive: true });

await writeFile(at("dist/loader.js"), await bundle("src/loader/main.ts"));

// A closing tag inside the script would end it early.
const js = (await bundle("src/frame/main.tsx")).replaceAll("</script", "<\\/script");
const style = await bundle("src/frame/style.css");
const page = await readFile(at("src/frame/page.html"), "utf8");
await writeFile(at("dist/frame.html"), fill(page, { js, css: style }));

for (const name of ["loader.js", "frame.html"]) {
  await writeFile(at(`dist/${name}.gz`), await zopfli.gzipAsync(await readFile(at(`dist/${name}`)), { numiterations: 15 }));
}

const layout = await readFile(at("demo/layout.html"), "utf8");
const [css, script] = await Promise.all(["demo/shop.css", "demo/shop.js"].map((path) => readFile(at(path), "utf8")));
const squeeze = (text) => text.replace(/\n\s*/g, "\n");
for (const name of await readdir(at("demo/pages"))) {
  const body = await readFile(at(`demo/pages/${name}`), "utf8");
  const [, title = ""] = body.match(/<!-- (.*?) -->/) ?? [];
  const filled = fill(layout, { title, css: squeeze(css), script: squeeze(script), body: squeeze(body.replace(/<!--.*?-->\n/, "")) });
  await writeFile(at(`dist/demo/${name}`), filled);
}
