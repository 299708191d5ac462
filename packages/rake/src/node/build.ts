/** Builds a Rakefile: the client of this package, for Node. */
import type { BuildReport } from "../core/report.js";
import { BuildDriver } from "./build-driver.js";
import { BuildFolder } from "./build-folder.js";
import { type BuildOptions, resolveBuild } from "./build-options.js";
import { V1Build } from "./v1-build.js";

/**
 * Builds a plan, at hosts and here, set after set (docs/rake.md R28 to R40).
 *
 * Resolves however the build ended, with `result` saying how, once nothing of it is left: no process, no connection, no file
 * that is not in its place. Two builds may use one folder at once: each output of either is whole, and what is kept between
 * builds is that of the one that ended last.
 * @throws TypeError or RangeError for a wrong option; RakefileError for a Rakefile with faults; RakeError `FOLDER` where the
 * folder or its state folder cannot be used; and what `onEvent` or `show` throws
 */
export async function build(options: BuildOptions): Promise<BuildReport> {
  const setting = resolveBuild(options);
  const folder = await BuildFolder.open(setting.folder, setting.state);
  try {
    const { v1 } = setting;
    const driver =
      v1 === undefined ? new BuildDriver(setting, folder) : new V1Build(setting, folder, v1 === 4 ? "v1-4" : "v1-8");
    return await driver.run();
  } finally {
    await folder.close();
  }
}
