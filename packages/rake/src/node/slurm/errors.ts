/** What can go wrong with Slurm. */
import { RakeError } from "../../core/errors.js";

/**
 * `SLURM_ABSENT`: a command of Slurm is not there, or no controller answers; `SLURM_REFUSED`: Slurm did not take the job, or a command of it
 * failed; `SLURM_NOT_STARTED`: the job did not start in time, or ended before it served.
 */
export class SlurmError extends RakeError {}
