// Run by npm and pnpm before packing, in the package's folder: every tarball carries the licence.
import { copyFileSync } from "node:fs";

copyFileSync(new URL("../LICENSE", import.meta.url), "LICENSE");
