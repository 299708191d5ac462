/** The package that is measured: its built files, or its sources where a test has none. */
import { built } from "../../../../bench/built.js";

export type Library = typeof import("../../src/index.js");
type Level = typeof import("../../src/node/level/index.js");

export type From = "built" | "sources";

export async function library(from: From): Promise<Library> {
  return from === "built" ? await built<Library>("broadcast") : await import("../../src/index.js");
}

export async function level(from: From): Promise<Level> {
  return from === "built" ? await built<Level>("broadcast", "level") : await import("../../src/node/level/index.js");
}
