/** `pnpm --filter example-rake-build start node|c FOLDER HOST...`: lays out a project with its Rakefile. */
import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { layOutCProject } from "./c-project.js";
import { layOutNodeProject } from "./node-project.js";

const USAGE = "usage: pnpm start node|c FOLDER HOST:PORT...\n";

const [kind, folder = "", ...hosts] = process.argv.slice(2);
const layOut = kind === "node" ? layOutNodeProject : kind === "c" ? layOutCProject : undefined;
if (layOut === undefined || folder === "" || hosts.length === 0) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (existsSync(folder) && readdirSync(folder).length > 0) {
  process.stderr.write(`${folder} is not empty\n${USAGE}`);
  process.exitCode = 2;
} else {
  layOut(resolve(folder), hosts);
  process.stdout.write(`${folder}/Rakefile is there: rake -f ${folder}/Rakefile\n`);
}
