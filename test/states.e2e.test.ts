/** The machines do what the pictures of their states show, and nothing else; every picture is one of a machine, and in a document. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { start, startTypeScript } from "./process.js";
import { scratchFolder } from "./scratch.js";

const root = join(import.meta.dirname, "..");

it("the pictures of states are what the machines give now", async () => {
  await using checked = startTypeScript(join(root, "scripts", "states.ts"), ["--check"]);
  const { code, stdout, stderr } = await checked.exited;
  expect(stderr).toBe("");
  expect(stdout).toBe("16 pictures of states, 0 faults\n");
  expect(code).toBe(0);
}, 120_000);

it("a packed package carries the pictures that its documents show, and none of an earlier packing", async () => {
  const folder = join(scratchFolder({ "hftp/docs/images/old-states.svg": "<svg/>", "hftp/docs/old.md": "" }), "hftp");
  await using packed = start(process.execPath, [join(root, "scripts", "prepack.mjs")], { cwd: folder });
  expect((await packed.exited).code).toBe(0);
  const shown = readdirSync(join(folder, "docs"))
    .filter((name) => name.endsWith(".md"))
    .flatMap((name) => [...readFileSync(join(folder, "docs", name), "utf8").matchAll(/\]\(images\/([\w.-]+)\)/g)]);
  expect(readdirSync(join(folder, "docs", "images"))).toEqual(["hftp-states.svg"]);
  expect(shown.map(([, picture]) => picture)).toEqual(["hftp-states.svg"]);
  expect(readdirSync(join(folder, "docs")).sort()).toEqual(["hftp.md", "images", "machine.md"]);
});
