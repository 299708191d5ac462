/** The machines do nothing that the pictures of their states do not show. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { startTypeScript } from "./process.js";

it("the pictures of states show what the machines do", async () => {
  await using checked = startTypeScript(join(import.meta.dirname, "..", "scripts", "states.ts"), ["--check"]);
  const { code, stdout, stderr } = await checked.exited;
  expect(stderr).toBe("");
  expect(stdout.match(/changes of state/g)).toHaveLength(7);
  expect(code).toBe(0);
}, 120_000);
