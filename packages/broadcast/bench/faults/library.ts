/** The package that is measured: its built files, or its sources where a test has none. */
import { built } from "../../../../bench/built.js";
import { type RunningProcess, startTypeScript } from "../../../../test/process.js";

export type Library = typeof import("../../src/index.js");
type Level = typeof import("../../src/node/level/index.js");

export type From = "built" | "sources";

/** Starts one of the programs beside this file. A test bundles them first: the compiler would be most of what it does. */
export type StartProgram = (program: URL, args: readonly string[]) => RunningProcess;

export const startSource: StartProgram = (program, args) => startTypeScript(program, args);

export async function library(from: From): Promise<Library> {
  return from === "built" ? await built<Library>("broadcast") : await import("../../src/index.js");
}

export async function level(from: From): Promise<Level> {
  return from === "built" ? await built<Level>("broadcast", "level") : await import("../../src/node/level/index.js");
}
