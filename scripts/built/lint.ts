/** What can be seen of a tarball without installing it: publint and arethetypeswrong, both strict. */
import { join } from "node:path";
import { must } from "../must.js";
import type { Steps } from "../steps.js";
import type { Packed } from "./pack.js";

/** @param root the workspace that has the tools */
export async function lintPacked(steps: Steps, root: string, packed: readonly Packed[]): Promise<void> {
  const tool = (name: string): string => join(root, "node_modules", ".bin", name);
  const look = ["--profile", "node16", "--format", "ascii", "--no-color", "--no-emoji"];
  for (const { name, tarball } of packed) {
    await steps.run(`${name}: publint`, async () => {
      await must(root, tool("publint"), ["run", tarball, "--strict"]);
    });
    await steps.run(`${name}: arethetypeswrong`, async () => {
      await must(root, tool("attw"), [tarball, ...look]);
    });
  }
}
