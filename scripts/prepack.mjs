// Run by npm and pnpm before packing, in the package's folder: every tarball carries the licence, and the documents that
// its README and its comments name, with those that they link to and their pictures.
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";

copyFileSync(new URL("../LICENSE", import.meta.url), "LICENSE");
rmSync("docs", { recursive: true, force: true }); // what an earlier packing left there may be named otherwise by now
mkdirSync("docs", { recursive: true });
const names = new Set([`${basename(process.cwd())}.md`, "machine.md"]);
for (const name of names) {
  const document = new URL(`../docs/${name}`, import.meta.url);
  copyFileSync(document, `docs/${name}`);
  const text = readFileSync(document, "utf8");
  for (const [, image] of text.matchAll(/\]\((images\/[\w.-]+)\)/g)) {
    mkdirSync("docs/images", { recursive: true });
    copyFileSync(new URL(`../docs/${image}`, import.meta.url), `docs/${image}`);
  }
  // A set gives what is added while it is gone through.
  for (const [, linked] of text.matchAll(/\]\(([\w-]+\.md)[)#]/g)) names.add(linked);
}
