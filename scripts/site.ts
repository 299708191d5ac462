/**
 * `pnpm site`: the documentation site, into `.site/`: the API reference of every entry point of every package, and all pages of
 * docs/. Needs no network. Exits 1 where a link leads nowhere or something public is not documented.
 */
import { join } from "node:path";
import { buildSite } from "./site/build.js";
import { deadPageLinks } from "./site/links.js";

const root = join(import.meta.dirname, "..");
const target = join(root, ".site");
const faults = [...(await buildSite(root, target)), ...deadPageLinks(target)];
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? "the site is in .site: open .site/index.html" : `site: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
