/** Run by `pnpm release`, in the workflow alone: writes into every manifest which repository it comes from. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publishable } from "../built/pack.js";
import { repositoryOf } from "./repository.js";

const root = join(import.meta.dirname, "..", "..");
for (const folder of publishable(root, [])) {
  const path = join(root, "packages", folder, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const named = { ...manifest, repository: repositoryOf(process.env, folder) };
  writeFileSync(path, `${JSON.stringify(named, undefined, 2)}\n`);
}
