/** Results by their content, kept in the state folder (R39): for each a folder with its outputs and what it printed. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { copyFile, open } from "node:fs/promises";
import { join } from "node:path";
import { isDigest } from "../core/hex.js";
import { pathFault } from "../core/paths.js";
import type { AttemptFolder } from "./attempt-folder.js";
import { keptPieces } from "./kept-output.js";
import { digestOf } from "./pieces.js";
import { removeFolder } from "./removal.js";

interface CachedFile {
  readonly size: number;
  readonly digest: string;
}

interface Entry {
  readonly outputs: readonly (CachedFile & { readonly path: string; readonly mode: number })[];
  readonly printed: CachedFile | undefined;
}

const ENTRY = "entry.json";
const PRINTED = "printed";
const NAME = /^[0-9a-f]{64}$/;

export class ResultCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** Names to bytes, the least recently used first; undefined before it was looked at. */
  #sizes: Map<string, number> | undefined;

  /** @param folder where it is; made when it is needed */
  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** The first of these keys that it has, its outputs being the attempt's now, each checked. One that is damaged is removed. */
  async find(keys: readonly string[], attempt: AttemptFolder): Promise<{ key: string; outputs: string[] } | undefined> {
    for (const key of keys) {
      const name = nameOf(key);
      const entry = this.#read(name);
      if (entry === undefined) continue;
      try {
        const outputs = await this.#take(name, entry, attempt);
        utimesSync(join(this.#folder, name), new Date(), new Date());
        this.#used(name);
        return { key, outputs };
      } catch {
        await this.#remove(name);
      }
    }
    return undefined;
  }

  /** Copies what the attempt has under this key. What is too large for the cache is not kept. @throws where it cannot be kept */
  async keep(key: string, attempt: AttemptFolder, paths: readonly string[]): Promise<void> {
    const name = nameOf(key);
    if (this.#all.has(name)) return this.#used(name);
    const outputs = paths.flatMap((path) => attempt.written.get(path) ?? []);
    if (outputs.length !== paths.length) return;
    if (attempt.hasKept) await attempt.kept.settled();
    const printedBytes = attempt.hasKept ? attempt.kept.bytes : 0;
    const bytes = outputs.reduce((sum, { size }) => sum + size, printedBytes);
    if (bytes > this.#maxBytes) return;
    await this.#makeRoom(bytes);
    const draft = attempt.newPlace();
    mkdirSync(draft, { mode: 0o700 });
    for (const [index, { place }] of outputs.entries()) {
      await copyFile(place, join(draft, String(index)), constants.COPYFILE_FICLONE);
    }
    let printed: CachedFile | undefined;
    if (printedBytes > 0) {
      await copyFile(attempt.kept.place, join(draft, PRINTED), constants.COPYFILE_FICLONE);
      printed = await fileAt(join(draft, PRINTED));
    }
    const listed = outputs.map(({ path, mode, size, digest }) => ({ path, mode, size, digest }));
    writeFileSync(join(draft, ENTRY), JSON.stringify({ outputs: listed, printed } satisfies Entry));
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    renameSync(draft, join(this.#folder, name));
    this.#all.set(name, bytes);
  }

  get #all(): Map<string, number> {
    this.#sizes ??= this.#load();
    return this.#sizes;
  }

  #load(): Map<string, number> {
    const found: { readonly name: string; readonly bytes: number; readonly usedAt: number }[] = [];
    let names: string[] = [];
    try {
      names = readdirSync(this.#folder).filter((name) => NAME.test(name));
    } catch {
      // There is none yet.
    }
    for (const name of names) {
      const stat = lstatSync(join(this.#folder, name), { throwIfNoEntry: false });
      const entry = this.#read(name);
      const bytes = entry?.outputs.reduce((sum, { size }) => sum + size, entry.printed?.size ?? 0) ?? 0;
      if (stat !== undefined) found.push({ name, bytes, usedAt: entry === undefined ? 0 : stat.mtimeMs });
    }
    return new Map(found.sort((a, b) => a.usedAt - b.usedAt).map(({ name, bytes }) => [name, bytes]));
  }

  async #makeRoom(bytes: number): Promise<void> {
    let total = bytes;
    for (const size of this.#all.values()) total += size;
    for (const [name, size] of this.#all) {
      if (total <= this.#maxBytes) return;
      total -= size;
      await this.#remove(name);
    }
  }

  async #take(name: string, entry: Entry, attempt: AttemptFolder): Promise<string[]> {
    const taken: string[] = [];
    for (const [index, output] of entry.outputs.entries()) {
      const place = attempt.newPlace();
      await takeFile(join(this.#folder, name, String(index)), place, output);
      chmodSync(place, output.mode & 0o777);
      attempt.adopt({ ...output, mode: output.mode & 0o777, place });
      taken.push(output.path);
    }
    if (entry.printed !== undefined) {
      const place = attempt.newPlace();
      await takeFile(join(this.#folder, name, PRINTED), place, entry.printed);
      for await (const [stream, bytes] of keptPieces(place)) await attempt.kept.add(stream, bytes);
    }
    return taken;
  }

  #read(name: string): Entry | undefined {
    try {
      const entry = JSON.parse(readFileSync(join(this.#folder, name, ENTRY), "utf8")) as Entry;
      const { outputs, printed } = entry;
      const isFile = (file: CachedFile): boolean => Number.isSafeInteger(file.size) && isDigest(file.digest);
      const isOutput = (file: Entry["outputs"][number]): boolean =>
        isFile(file) &&
        Number.isInteger(file.mode) &&
        typeof file.path === "string" &&
        pathFault(file.path) === undefined;
      return outputs.every(isOutput) && (printed === undefined || isFile(printed)) ? entry : undefined;
    } catch {
      return undefined;
    }
  }

  #used(name: string): void {
    const size = this.#all.get(name);
    if (size === undefined) return;
    this.#all.delete(name);
    this.#all.set(name, size);
  }

  async #remove(name: string): Promise<void> {
    this.#sizes?.delete(name);
    await removeFolder(join(this.#folder, name)).catch(() => {});
  }
}

function nameOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** @throws where it is not what it was when it was kept */
async function takeFile(from: string, place: string, expected: CachedFile): Promise<void> {
  await copyFile(from, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const { size, digest } = await fileAt(place);
  if (size !== expected.size || digest !== expected.digest) throw new Error("it has changed");
}

async function fileAt(place: string): Promise<CachedFile> {
  const file = await open(place, "r");
  try {
    return await digestOf(file);
  } finally {
    await file.close();
  }
}
