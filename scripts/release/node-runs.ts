/** What is run with every version of Node: the entries, the commands by npx, the examples and the tests of the built files. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { checkRuns } from "../built/consumer.js";
import { inForeground, type Packed, readManifest } from "../built/pack.js";
import { must } from "../must.js";
import type { Steps } from "../steps.js";
import { runExamples } from "./readme.js";

/** The row of the closing table that is no package. */
export const TESTS = "tests of the built files";

export interface Places {
  /** The copy of the workspace: its tests are run. */
  readonly copy: string;
  /** The project into which npm has installed a package alone, with its peers. */
  readonly projectOf: (one: Packed) => string;
  /** The project that has all packages. */
  readonly together: string;
  /** For empty folders. */
  readonly scratch: string;
}

/** Runs everything with the `node` of the PATH; the rows of the closing table, a package each. */
export async function runWithNode(
  steps: Steps,
  node: string,
  packed: readonly Packed[],
  places: Places,
): Promise<Map<string, string>> {
  const cells = new Map<string, string>();
  for (const one of packed) {
    const project = places.projectOf(one);
    const titled = (title: string): string => `${node}: ${one.name}: ${title}`;
    let examples = 0;
    const outcomes = [
      await steps.run(titled("ESM and CJS"), () => checkRuns(places.copy, project, one)),
      await steps.run(titled("README examples"), async () => {
        examples = await runExamples(project, one.name);
      }),
      await runHelp(steps, titled, project, one, places.scratch),
    ];
    cells.set(one.name, outcomes.includes(false) ? "FAILED" : `ok, ${examples} examples`);
  }
  // In the foreground: what Ctrl-C ends, ends what it has started itself. With LAB_PACKED the tests take what is installed.
  const vitest = join(places.copy, "node_modules", "vitest", "vitest.mjs");
  const good = await steps.run(`${node}: ${TESTS}`, () =>
    inForeground("node", [vitest, "run", "--project", "built"], places.copy, { LAB_PACKED: places.together }),
  );
  cells.set(TESTS, good ? "ok" : "FAILED");
  return cells;
}

/** `npx @lab/NAME --help` in an empty folder. A package without a command has nothing to ask. */
async function runHelp(
  steps: Steps,
  titled: (title: string) => string,
  project: string,
  { name }: Packed,
  scratch: string,
): Promise<boolean> {
  const { bin = {} } = readManifest(join(project, "node_modules", name, "package.json"));
  const title = titled("npx --help");
  if (Object.keys(bin).length === 0) {
    steps.skip(title, "the package has no command");
    return true;
  }
  return await steps.run(title, async () => {
    mkdirSync(scratch, { recursive: true });
    const empty = mkdtempSync(join(scratch, "npx-"));
    const help = await must(empty, "npx", ["--yes", name, "--help"]);
    if (!/usage/i.test(help)) throw new Error(`it does not show its usage:\n${help}`);
  });
}
