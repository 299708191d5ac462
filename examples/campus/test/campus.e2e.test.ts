/** A campus of real processes, as its README starts it: its leader is killed in the middle of a build. */
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { expect, it } from "vitest";
import { beside } from "../../../test/beside.js";
import { codeBlocks } from "../../../test/markdown.js";
import { start, startTypeScript } from "../../../test/process.js";
import { startBundled } from "../../../test/programs.js";
import { scratchFolder } from "../../../test/scratch.js";

const MAIN = new URL("../src/main.ts", import.meta.url);
const TRIAL = new URL("../trial/main.ts", import.meta.url);
const FOLDER = join(import.meta.dirname, "..");
const PNPM = /^npx pnpm@([\d.]+) (\w+)$/;

/** Without what is another in each run: names of nodes, ports, digests, counts. */
function shapeOf(output: string): string[] {
  const lines = output.split("\n").filter((line) => !line.endsWith("by itself: once more"));
  return lines.map((line) =>
    line
      .replaceAll(/\b[\da-f]{16,64}\b|\b\d+\b/g, (text) => (text.length < 16 ? "N" : "DIGEST"))
      .replaceAll(/\b[a-g]\b/g, "ID"),
  );
}

it.concurrent(
  "what the README starts prints what it shows: the leader is killed in a build, which is right, transcripts agree, copies are whole",
  beside(async () => {
    const [command, shown] = codeBlocks(readFileSync(join(FOLDER, "README.md"), "utf8"));
    const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const [, version, script = ""] = PNPM.exec(command?.text.trim() ?? "") ?? [];
    expect(manifest(join(FOLDER, "../..")).packageManager).toBe(`pnpm@${version}`);
    // What pnpm does with it; pnpm itself may not be here.
    const PATH = `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`;
    await using trial = start("sh", ["-c", manifest(FOLDER).scripts[script]], { cwd: FOLDER, env: { PATH } });
    const { code, stdout, stderr } = await trial.exited;
    expect([code, stderr], stdout).toEqual([0, ""]);
    expect(shapeOf(stdout)).toEqual(shapeOf(shown?.text ?? ""));
    const [, builder, killed] = /^(\w) builds; (\w), which leads, is killed/m.exec(stdout) ?? [];
    const [, dead, next, epoch] =
      /1\. (\w) is dead, (\w) leads in epoch (\d+);.* is right; \d+ entries agree$/m.exec(stdout) ?? [];
    expect(dead).toBe(killed);
    expect([builder, next]).not.toContain(killed);
    expect(Number(epoch)).toBeGreaterThan(1);
    const digests = [...stdout.matchAll(/sha256 ([\da-f]{64})/g)].map(([, digest]) => digest);
    expect(digests).toEqual([digests[0], digests[0], digests[0]]);
    expect(stdout).toMatch(/\nall of it is as it must be\n$/);
  }),
  90_000,
);

it.concurrent(
  "who interrupts it leaves nothing behind",
  beside(async () => {
    const folder = scratchFolder();
    chmodSync(folder, 0o711); // actions of nodes that are root have another user
    await using trial = startTypeScript(TRIAL, ["--nodes", "3"], { env: { TMPDIR: folder } });
    const [, port] = await trial.line(/^ {2}c serves builds on port (\d+),/);
    trial.signal("SIGINT");
    expect(await trial.exited).toMatchObject({ code: 1, stderr: "interrupted\n" });
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
    expect(readdirSync(folder).filter((name) => name.startsWith("lab-campus-"))).toEqual([]);
  }),
  60_000,
);

it.concurrent(
  "says how it is used",
  beside(async () => {
    const node = await startBundled(MAIN, ["--id", "a"]).exited;
    expect([node.code, node.stderr]).toEqual([
      2,
      expect.stringMatching(/^--log must be a folder or redis:\/\/HOST:PORT\nusage: pnpm run node --id ID/),
    ]);
    const trial = await startTypeScript(TRIAL, ["--nodes", "2"]).exited;
    expect([trial.code, trial.stderr]).toEqual([2, expect.stringMatching(/^--nodes is 2\nusage: pnpm start/)]);
  }),
  30_000,
);
