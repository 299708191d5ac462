/** The files of the page, as build-page.mjs bundled them. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array;
}

const files: Readonly<Record<string, readonly [name: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/dashboard.js": ["dashboard.js", "text/javascript; charset=utf-8"],
  "/dashboard.css": ["dashboard.css", "text/css; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
  "/licenses.txt": ["licenses.txt", "text/plain; charset=utf-8"],
};

/** By path. Where nothing was bundled, the only page says what to run. */
export async function loadPage(folder: string = findFolder()): Promise<ReadonlyMap<string, PageFile>> {
  if (!existsSync(join(folder, "index.html"))) {
    const body = new TextEncoder().encode(
      "The page of the dashboard was not bundled. In the repository: node packages/election/build-page.mjs\n" +
        "The state as JSON is at /state all the same.\n",
    );
    return new Map([["/", { type: "text/plain; charset=utf-8", body }]]);
  }
  const loaded = Object.entries(files).map(
    async ([path, [name, type]]): Promise<[string, PageFile]> => [
      path,
      { type, body: await readFile(join(folder, name)) },
    ],
  );
  return new Map(await Promise.all(loaded));
}

/** `page/` of the package, whether this is `src/node/` or `dist/`. */
function findFolder(): string {
  // In the CommonJS build there is no import.meta, in the other no __dirname.
  const here = typeof __dirname === "string" ? __dirname : dirname(fileURLToPath(import.meta.url));
  const candidates = [join(here, "../page"), join(here, "../../page")];
  return candidates.find((folder) => existsSync(folder)) ?? join(here, "../../page");
}
