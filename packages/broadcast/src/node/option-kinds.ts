/** Options that are functions or have some: of another kind they would fail much later, and far from here. */
import { kindOf } from "../core/option-checks.js";
import type { Logger } from "./logger.js";

/** @throws TypeError that names the first that is there and is no function */
export function checkFunctions(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && typeof value !== "function") {
      throw new TypeError(`${name} must be a function, not ${kindOf(value)}`);
    }
  }
}

/** @throws TypeError where it has not the methods of a logger */
export function checkLogger(logger: Logger | undefined): void {
  if (logger === undefined) return;
  const methods = ["debug", "info", "warn", "error"] as const;
  if (methods.every((name) => typeof (logger as Partial<Logger> | null)?.[name] === "function")) return;
  throw new TypeError(`logger must have the methods ${methods.join(", ")}`);
}
