/** The closing lines of a run, and what becomes of a test whose component is absent: small runs of their own. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { beside, eachBeside } from "./beside.js";
import { type Exit, run } from "./process.js";
import { scratchFolder } from "./scratch.js";

const root = join(import.meta.dirname, "..");

/** Runs the given text as the only test file of a project that has our reporter, where no program is on the PATH. */
async function runTests(text: string, env: Readonly<Record<string, string>> = {}): Promise<Exit> {
  const folder = scratchFolder({
    "package.json": '{ "type": "module" }',
    "vitest.config.js": `export default { test: { reporters: [${JSON.stringify(join(root, "test/reporter.ts"))}] } };`,
    "packages/one/test/a.test.ts": `import { beforeAll, describe, expect, it } from "vitest";\n${text}\n`,
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const bare = { PATH: folder, LAB_REQUIRE: "", NO_COLOR: "1", ...env };
  return await run(process.execPath, [vitest, "run", "--root", folder], { cwd: folder, env: bare });
}

const withPython = `import { itWith } from ${JSON.stringify(pathToFileURL(join(root, "test/components.ts")).href)};
it("passes", () => {});
itWith("python3", "talks to python", () => {});`;

it.concurrent.for<[title: string, text: string, closing: string, code: number]>([
  ["tests", 'it("a", () => {}); it.skip("b", () => {}); it("c", () => {});', "2 passed, 0 failed, 1 skipped", 0],
  ["a failing test", 'it("a", () => {}); it("b", () => expect(1).toBe(2));', "1 passed, 1 failed, 0 skipped", 1],
  [
    "a hook that fails",
    'describe("d", () => { beforeAll(() => { throw new Error("hook"); }); it("b", () => {}); });',
    "0 passed, 1 failed, 1 skipped",
    1,
  ],
  ["a file that does not load", 'throw new Error("no load");', "0 passed, 1 failed, 0 skipped", 1],
  [
    "a promise that nobody awaits",
    'it("a", async () => { void Promise.reject(new Error("lost")); await new Promise(setImmediate); });',
    "1 passed, 1 failed, 0 skipped",
    1,
  ],
])(
  "the last line counts %s",
  eachBeside(async ([_title, text, closing, code]) => {
    const exit = await runTests(text);
    expect(exit.stdout.trim().split("\n").at(-1), exit.stderr).toBe(closing);
    expect(exit.code).toBe(code);
    expect(exit.stdout).toMatch(/^ {2}packages\/one +\d/m);
  }),
);

it.concurrent(
  "what failed is named once more at the end, with its error, and so is what needed a second attempt",
  beside(async () => {
    const { code, stdout } = await runTests(`let attempts = 0;
describe("d", () => { it("fails", () => expect(1, "one").toBe(2)); });
it("is unsteady", { retry: 1 }, () => expect(++attempts, "attempts").toBe(2));
it("passes", () => {});`);
    expect(code).toBe(1);
    expect(stdout).toContain(`
passed at the second attempt alone:
  packages/one/test/a.test.ts > is unsteady
    attempts: expected 1 to be 2 // Object.is equality

what failed:
  packages/one/test/a.test.ts > d > fails
    one: expected 1 to be 2 // Object.is equality

2 passed, 1 failed, 0 skipped
`);
  }),
);

it.concurrent(
  "a test whose component is absent is skipped, with the reason in the table",
  beside(async () => {
    const { code, stdout } = await runTests(withPython);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^python3 +0 +1 {2}no python3 on the PATH/m);
    expect(stdout).toMatch(/^1 passed, 0 failed, 1 skipped$/m);
  }),
);

it.concurrent(
  "a test whose component is absent fails where LAB_REQUIRE names it",
  beside(async () => {
    const { code, stdout } = await runTests(withPython, { LAB_REQUIRE: "openssl,python3" });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1 passed, 1 failed, 0 skipped$/m);
  }),
);

it.concurrent(
  "a name in LAB_REQUIRE that is no component ends the run before it begins",
  beside(async () => {
    const { code, stdout, stderr } = await runTests('it("a", () => {});', { LAB_REQUIRE: "pyhton3" });
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/passed/);
    expect(stderr).toMatch(/LAB_REQUIRE names pyhton3/);
  }),
);
