// Run by npm and pnpm before packing, in the package's folder: every tarball carries the licence, and the documents that
// its README and its comments name.
import { copyFileSync, mkdirSync } from "node:fs";
import { basename } from "node:path";

copyFileSync(new URL("../LICENSE", import.meta.url), "LICENSE");
mkdirSync("docs", { recursive: true });
for (const name of [`${basename(process.cwd())}.md`, "machine.md"]) {
  copyFileSync(new URL(`../docs/${name}`, import.meta.url), `docs/${name}`);
}
