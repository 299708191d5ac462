/** The machines do what the pictures of their states show, and nothing else; every picture is one of a machine, and in a document. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { startTypeScript } from "./process.js";

it("the pictures of states are what the machines give now", async () => {
  await using checked = startTypeScript(join(import.meta.dirname, "..", "scripts", "states.ts"), ["--check"]);
  const { code, stdout, stderr } = await checked.exited;
  expect(stderr).toBe("");
  expect(stdout).toBe("16 pictures of states, 0 faults\n");
  expect(code).toBe(0);
}, 120_000);
