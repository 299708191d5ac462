/** Under what a result is kept (docs/rake.md R39). */

import { toHex } from "./hex.js";
import type { HashedInput } from "./input-table.js";
import type { Action } from "./plan.js";
import type { Platform } from "./platform.js";

/** 64 hexadecimal digits, of command, patterns, inputs (path, digest, mode) and toolchain; no two of these look alike. */
export function cacheKey(
  platform: Platform,
  { command, produces }: Pick<Action, "command" | "produces">,
  inputs: readonly HashedInput[],
  toolchain: string,
): string {
  const sorted = [...inputs].sort((a, b) => (a.path < b.path ? -1 : 1));
  const files = sorted.map(({ path, digest, mode }) => [path, digest, mode]);
  const text = JSON.stringify(["rake result 1", command, [...produces].sort(), files, toolchain]);
  return toHex(platform.sha256(new TextEncoder().encode(text)));
}
