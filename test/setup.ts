import { configureGlobal } from "fast-check";

/** Runs of each property: small by default, `pnpm test:long` multiplies it. A property may scale it, never ignore it. */
configureGlobal({ numRuns: Number(process.env["LAB_RUNS"] ?? 100), verbose: 1 });
