/** What a caller hands in for a driver to call: refused where it cannot be called, before anything is opened. */
import type { Clocks } from "./clocks.js";
import type { Logger } from "./logger.js";

/** @throws TypeError that names the option and what is accepted */
export function checkPorts({
  logger,
  clocks,
}: {
  readonly logger?: Logger | undefined;
  readonly clocks?: Clocks | undefined;
}): void {
  if (logger !== undefined) refuseWithout("logger", logger, ["debug", "info", "warn", "error"]);
  if (clocks !== undefined) refuseWithout("clocks", clocks, ["mono", "wall"]);
}

function refuseWithout(option: string, value: unknown, methods: readonly string[]): void {
  const has = (name: string): boolean => typeof (value as Record<string, unknown> | null)?.[name] === "function";
  if (!methods.every(has)) throw new TypeError(`${option} must be an object with the functions ${methods.join(", ")}`);
}
