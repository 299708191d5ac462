/**
 * Bundles the page of the dashboard (src/web) into `page/`, which is not under version control and is published. Run it
 * with `node packages/election/build-page.mjs`; the root's `build`, `demo` and `test` run it first. It takes less than a second.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/**
 * @param {string} [folder] where to write. Default `page/` beside this file
 * @returns {Promise<string>} the folder
 */
export async function buildPage(folder = join(here, "page")) {
  const web = join(here, "src/web");
  const { outputFiles, metafile } = await build({
    absWorkingDir: here,
    entryPoints: { dashboard: join(web, "main.tsx"), style: join(web, "dashboard.css") },
    outdir: folder,
    entryNames: "[name]",
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "iife",
    target: ["chrome110", "firefox110", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none", // licenses.txt has them
    logLevel: "warning",
  });
  const files = new Map([
    ["index.html", readFileSync(join(web, "index.html"))],
    ["icon.svg", readFileSync(join(web, "icon.svg"))],
    ["licenses.txt", Buffer.from(licenses(Object.keys(metafile.inputs)))],
  ]);
  for (const { path, contents } of outputFiles) {
    files.set(relative(folder, path).replace("style.css", "dashboard.css"), contents);
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, contents] of files) {
    // By renaming: a server that reads it meanwhile sees the old file or the new one.
    const temporary = join(folder, `.${process.pid}.${name}`);
    writeFileSync(temporary, contents);
    renameSync(temporary, join(folder, name));
  }
  return folder;
}

/** The licences of what is bundled, which have to go with it. */
function licenses(inputs) {
  const packages = new Map();
  for (const input of inputs) {
    const [, path] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
    if (path === undefined) continue;
    const root = join(here, path);
    const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const file = existsSync(root) ? readdirSync(root).find((one) => /^licen[cs]e/i.test(one)) : undefined;
    const text = file === undefined ? "" : readFileSync(join(root, file), "utf8").trim();
    packages.set(name, `${name} ${version} (${license})\n\n${text}\n`);
  }
  return [...packages.keys()]
    .sort()
    .map((name) => packages.get(name))
    .join(`\n${"-".repeat(72)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const began = performance.now();
  const folder = await buildPage();
  console.log(`dashboard: ${relative(process.cwd(), folder)} in ${Math.round(performance.now() - began)} ms`);
}
