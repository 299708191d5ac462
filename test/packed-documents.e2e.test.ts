/** What a tarball carries of docs/ links nothing that the tarball has not: what stands elsewhere in the repository is named in words. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { deadLinks } from "./dead-links.js";
import { run } from "./process.js";
import { scratchFolder } from "./scratch.js";

const root = join(import.meta.dirname, "..");

it.each(readdirSync(join(root, "packages")))(
  "the documents that %s is packed with link each other alone",
  async (name) => {
    const folder = join(scratchFolder(), name);
    mkdirSync(folder);
    const { code, stderr } = await run("node", [join(root, "scripts/prepack.mjs")], { cwd: folder });
    expect(code, stderr).toBe(0);
    const documents = readdirSync(join(folder, "docs")).filter((file) => file.endsWith(".md"));
    expect(documents).toEqual(expect.arrayContaining([`${name}.md`, "machine.md"]));
    const dead = documents.flatMap((file) =>
      deadLinks(join(folder, "docs", file), folder).map((link) => `${file}: ${link}`),
    );
    expect(dead).toEqual([]);
  },
);
