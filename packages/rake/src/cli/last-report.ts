/** The report of the last build, kept in the state folder for `rake explain`. */
import { join } from "node:path";
import type { BuildReport } from "../core/report.js";
import { readState, type Trouble, writeState } from "../node/state-file.js";

/** The format of the file: another one is not read. */
const FORMAT = 1;

export interface LastBuild {
  /** As it was named on the command line. */
  readonly rakefile: string;
  /** When it ended, in ISO 8601. */
  readonly endedAt: string;
  readonly report: BuildReport;
}

const pathIn = (state: string): string => join(state, "last-build.json");

export function keepReport(state: string, last: LastBuild, trouble: Trouble): void {
  writeState(pathIn(state), { format: FORMAT, ...last }, trouble);
}

/** Undefined where there was no build, or its report was damaged. */
export function readReport(state: string, trouble: Trouble): LastBuild | undefined {
  const kept = readState(pathIn(state), trouble) as
    | (Partial<LastBuild> & { readonly format?: unknown })
    | null
    | undefined;
  const { format, rakefile, endedAt, report } = kept ?? {};
  if (format !== FORMAT || typeof rakefile !== "string" || typeof endedAt !== "string") return undefined;
  if (!Array.isArray(report?.actions) || !Array.isArray(report.hosts) || !Array.isArray(report.sets)) return undefined;
  return { rakefile, endedAt, report };
}
