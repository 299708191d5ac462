/** A JSON file that is kept between builds. A damaged one costs what was in it, and nothing else. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";

/** A larger one is none of ours. */
const MAX_BYTES = 64 * 1_048_576;

/** Told in words what is not as it should be, and is got by with. */
export type Trouble = (message: string) => void;

/** What the file holds; undefined where there is none. One that cannot be read is put aside, as `NAME.damaged`. */
export function readState(path: string, trouble: Trouble): unknown {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isFile() || stat.size > MAX_BYTES) throw new Error("it is no file of ours");
    return JSON.parse(readFileSync(path, "utf8")) as unknown;
  } catch (error) {
    trouble(`${path} was damaged and is put aside: ${error instanceof Error ? error.message : String(error)}`);
    try {
      rmSync(`${path}.damaged`, { recursive: true, force: true });
      renameSync(path, `${path}.damaged`);
    } catch {
      // It will be written over.
    }
    return undefined;
  }
}

/** Written beside and renamed: of two builds that write it the last one wins, and nobody reads a half. */
export function writeState(path: string, value: unknown, trouble: Trouble): void {
  const beside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(beside, JSON.stringify(value), { flag: "wx", mode: 0o600 });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    trouble(`${path} cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}
