/** Both projects are built over three servers, and what was built is run. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildReport, build, type RakeServer, serve, totalsOf } from "@lab/rake";
import { expect, it, onTestFinished } from "vitest";
import { itWith } from "../../../test/components.js";
import { run } from "../../../test/process.js";
import { startBundled } from "../../../test/programs.js";
import { scratchFolder } from "../../../test/scratch.js";
import { layOutCProject, RFC_9106_TAG } from "../src/c-project.js";
import { layOutNodeProject } from "../src/node-project.js";

async function threeServers(): Promise<string[]> {
  const options = { slots: 1, cores: 2, speed: 1_000, toolchain: "test" };
  const servers: RakeServer[] = [];
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close()))));
  for (const name of ["alpha", "beta", "gamma"]) servers.push(await serve({ ...options, name }));
  return servers.map(({ port }) => `127.0.0.1:${port}`);
}

async function built(folder: string): Promise<{ readonly report: BuildReport; readonly shown: string }> {
  let shown = "";
  const report = await build({
    folder,
    rakefile: readFileSync(join(folder, "Rakefile")),
    show: ({ bytes }) => {
      shown += Buffer.from(bytes).toString();
    },
  });
  expect(report.result, shown).toMatchObject({ outcome: "succeeded" });
  return { report, shown };
}

it("R3, R25, R34: our own packages, bundled and checked over three servers; esbuild goes to each of them once at most", async () => {
  const folder = join(scratchFolder(), "project");
  layOutNodeProject(folder, await threeServers());
  const { report, shown } = await built(folder);
  expect(report.actions.length).toBeGreaterThanOrEqual(12);
  expect(shown).toMatch(/^built and checked: 7 packages$/m);
  const esbuildBytes = readFileSync(join(folder, "tools/esbuild")).length;
  expect(totalsOf(report).sentBytes).toBeLessThan(4 * esbuildBytes);
  const { encodeFrame } = (await import(pathToFileURL(join(folder, "dist/framing.mjs")).href)) as {
    readonly encodeFrame: (payload: Uint8Array) => Uint8Array;
  };
  expect([...encodeFrame(Uint8Array.of(7))]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 7]);
});

itWith("gcc", "R25, R34: Argon2, compiled over three servers, computes the test vector of RFC 9106", async () => {
  const folder = join(scratchFolder(), "project");
  layOutCProject(folder, await threeServers());
  const { report, shown } = await built(folder);
  expect(report.actions.filter(({ remote }) => remote)).toHaveLength(8);
  expect(shown).toContain(`${RFC_9106_TAG}\n`);
  expect(await run(join(folder, "argon2-vector"))).toMatchObject({ code: 0, stdout: `${RFC_9106_TAG}\n` });
  // What hosts have is not sent again.
  const again = totalsOf((await built(folder)).report);
  expect(again.savedBytes).toBeGreaterThan(again.sentBytes);
});

it("the generator writes a Rakefile into an empty folder, and says how it is used", async () => {
  const main = new URL("../src/main.ts", import.meta.url);
  const folder = scratchFolder();
  const { code, stdout } = await startBundled(main, ["c", "argon2", "h1", "h2:6333"], { cwd: folder }).exited;
  expect([code, stdout]).toEqual([0, "argon2/Rakefile is there: rake -f argon2/Rakefile\n"]);
  expect(readFileSync(join(folder, "argon2/Rakefile"), "utf8")).toMatch(
    /^HOSTS = h1 h2:6333\n\nactionset1:\n\tremote-cc .* -c -o argon2\.o src\/argon2\.c\n\t\trequires src\/argon2\.c include\/argon2\.h/,
  );
  expect(await startBundled(main, ["c", "argon2", "h1"], { cwd: folder }).exited).toMatchObject({ code: 2 });
  expect((await startBundled(main, ["lua"], { cwd: folder }).exited).stderr).toMatch(
    /^usage: pnpm start node\|c FOLDER/,
  );
});
