/** Slurm as a host: a server within a job (`pilot`), or a server here whose actions run in one (`direct`). */

export { type DirectOptions, direct } from "./direct.js";
export { SlurmError } from "./errors.js";
export type { SlurmHost } from "./host.js";
export type { SlurmOptions } from "./options.js";
export { type PilotOptions, pilot } from "./pilot.js";
