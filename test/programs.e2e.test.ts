import { readFileSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { run } from "./process.js";
import { bundled, startBundled } from "./programs.js";

const RECEIVER = new URL("../packages/framing/test/programs/receiver.ts", import.meta.url);

it("a program is bundled once for a run, and a signal reaches the program itself", async () => {
  const path = bundled(RECEIVER);
  const { ino } = statSync(path);
  await using program = startBundled(RECEIVER, ["framed", "1"]);
  expect(await program.port()).toBeGreaterThan(0);
  program.signal("SIGKILL");
  expect((await program.exited).signal).toBe("SIGKILL");
  expect([bundled(RECEIVER), statSync(path).ino]).toEqual([path, ino]);
});

it("what is left out makes another bundle", () => {
  const source = new URL("../packages/framing/src/index.ts", import.meta.url);
  expect(readFileSync(bundled(source), "utf8")).not.toMatch(/from "\.\//);
  expect(readFileSync(bundled(source, ["./node/*"]), "utf8")).not.toBe(readFileSync(bundled(source), "utf8"));
});

it("outside of a run of tests it goes with the process that asked for it", async () => {
  const asking = `import { existsSync } from "node:fs"; import { bundled } from ${JSON.stringify(new URL("programs.ts", import.meta.url).href)};
    const path = bundled(${JSON.stringify(RECEIVER.pathname)}); console.log(existsSync(path), path);`;
  const words = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", asking];
  const { stdout, stderr } = await run(process.execPath, words, { env: { LAB_PROGRAMS: undefined } });
  const [, path = ""] = /^true (\S+)\n$/.exec(stdout) ?? [];
  expect(path, stderr).not.toBe("");
  expect(() => statSync(path)).toThrow("ENOENT");
});
