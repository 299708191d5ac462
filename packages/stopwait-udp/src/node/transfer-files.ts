/** Performs the file effects of one machine below one folder, and answers each with what it saw (S80 to S85). */
import { type BigIntStats, fstat, fstatSync, fsync, ftruncate, futimes } from "node:fs";
import { promisify } from "node:util";
import type { FileEffect, FileResult } from "../core/contract.js";
import { FileRefusal } from "./file-facts.js";
import { checkFree, etagOf, failed, notOpen, read, same } from "./file-results.js";
import { OpenFile } from "./open-file.js";
import { PartFolder } from "./part-folder.js";
import { nodePlatform } from "./platform.js";
import { RootFolder } from "./root-folder.js";

const HASH_BYTES = 256 * 1024;
const fstatLater = promisify(fstat);
const fsyncLater = promisify(fsync);
const ftruncateLater = promisify(ftruncate);
const futimesLater = promisify(futimes);

interface Source {
  readonly kind: "source";
  readonly file: OpenFile;
  readonly stats: BigIntStats;
}

interface Part {
  readonly kind: "part";
  readonly file: OpenFile;
  readonly folder: PartFolder;
  readonly key: string;
  readonly name: string;
}

type Of<Type extends FileEffect["type"]> = Extract<FileEffect, { readonly type: Type }>;

export interface TransferFilesOptions {
  /** The folder below which all names lie. */
  readonly root: string;
  /** Takes the results that were not there at once. */
  readonly deliver: (result: FileResult) => void;
}

export class TransferFiles {
  readonly #root: RootFolder;
  readonly #deliver: (result: FileResult) => void;
  readonly #open: Map<number, Source | Part> = new Map();
  /** What is being closed or committed, and the key where it is a part: until then nobody can claim that one. */
  readonly #ending: Map<OpenFile, string | undefined> = new Map();
  /** Parts whose opening waits for such an end; and how they are to be closed, if that was asked for meanwhile. */
  readonly #opening: Map<number, "wanted" | "keep" | "drop"> = new Map();
  #closed = false;

  constructor({ root, deliver }: TransferFilesOptions) {
    this.#root = new RootFolder(root);
    this.#deliver = deliver;
  }

  /** How many files are open. */
  get openFiles(): number {
    return this.#open.size + this.#ending.size;
  }

  /** The folder of parts, where there is a root. */
  get parts(): PartFolder {
    return new PartFolder(this.#root.path);
  }

  /**
   * Does it, and answers the result where it is there at once; else it is delivered later. Results of one file come in
   * the order of its effects. Never throws on what the file system says.
   */
  perform(effect: FileEffect): FileResult | undefined {
    switch (effect.type) {
      case "open-source":
        return this.#openSource(effect);
      case "open-part":
        return this.#openPart(effect);
      case "read-source":
        return this.#readSource(effect);
      case "check-source":
        return this.#checkSource(effect);
      case "write-part":
        return this.#writePart(effect);
      case "truncate-part":
        return this.#truncatePart(effect);
      case "hash-prefix":
        return this.#hashPrefix(effect);
      case "commit-part":
        return this.#commitPart(effect);
      case "close-source":
        return this.#close(effect.source, () => {});
      case "close-part":
        return this.#closePart(effect.part, "keep");
      case "drop-part":
        return this.#closePart(effect.part, "drop");
    }
  }

  /** Closes everything; parts that hold something are kept for a later claim. Nothing is delivered any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [id, { kind }] of [...this.#open]) {
      if (kind === "part") this.#closePart(id, "keep");
      else this.#close(id, () => {});
    }
    for (const id of this.#opening.keys()) this.#opening.set(id, "keep");
    while (this.#ending.size > 0) await Promise.all([...this.#ending.keys()].map((file) => file.settled()));
  }

  #openSource({ id, name }: Of<"open-source">): FileResult {
    try {
      const { descriptor, stats } = this.#root.openSource(name);
      this.#open.set(id, { kind: "source", file: new OpenFile(descriptor), stats });
      const modifiedMs = Math.max(0, Number(stats.mtimeNs / 1_000_000n));
      return { type: "source-opened", id, size: Number(stats.size), modifiedMs, etag: etagOf(stats) };
    } catch (error) {
      return failed(id, error);
    }
  }

  #readSource({ id, source, offset, length }: Of<"read-source">): FileResult | undefined {
    const file = this.#open.get(source)?.file;
    if (file === undefined) return notOpen(id);
    if (!file.takesInPlace())
      return this.#inTurn(file, id, async () => read(id, await file.readLater(offset, length), length));
    try {
      return read(id, file.read(offset, length), length);
    } catch (error) {
      return failed(id, error);
    }
  }

  #checkSource({ id, source }: Of<"check-source">): FileResult | undefined {
    const opened = this.#open.get(source);
    if (opened?.kind !== "source") return notOpen(id);
    const { file, stats } = opened;
    if (!file.takesInPlace()) {
      return this.#inTurn(file, id, async () => same(id, stats, await fstatLater(file.descriptor, { bigint: true })));
    }
    try {
      return same(id, stats, fstatSync(file.descriptor, { bigint: true }));
    } catch (error) {
      return failed(id, error);
    }
  }

  #openPart(effect: Of<"open-part">): FileResult | undefined {
    const { id, claim } = effect;
    const [ending] = [...this.#ending].find(([, key]) => key !== undefined && key === claim) ?? [];
    if (ending === undefined) return this.#openPartNow(effect);
    this.#opening.set(id, "wanted");
    void ending.settled().then(() => {
      const result = this.#openPartNow(effect);
      const wanted = this.#opening.get(id);
      this.#opening.delete(id);
      if (wanted === "wanted") this.#deliver(result);
      else this.#closePart(id, wanted ?? "keep");
    });
    return undefined;
  }

  #openPartNow({ id, name, key, claim, overwrite }: Of<"open-part">): FileResult {
    try {
      const { folder: parent, base } = this.#root.openParent(name);
      try {
        checkFree(parent.at(base), overwrite);
        const folder = this.parts;
        if (folder.device() !== parent.device) throw new FileRefusal("failed", "the folder is on another file system");
        const part = (claim === undefined ? undefined : folder.claim(claim, key)) ?? folder.create(key);
        this.#open.set(id, { kind: "part", file: new OpenFile(part.descriptor), folder, key, name });
        return { type: "part-opened", id, length: part.length };
      } finally {
        parent.close();
      }
    } catch (error) {
      return failed(id, error);
    }
  }

  #writePart({ id, part, offset, bytes }: Of<"write-part">): FileResult | undefined {
    const file = this.#open.get(part)?.file;
    if (file === undefined) return notOpen(id);
    if (!file.takesInPlace()) {
      return this.#inTurn(file, id, async () => {
        await file.writeLater(offset, bytes);
        return { type: "part-written", id };
      });
    }
    try {
      file.write(offset, bytes);
      return { type: "part-written", id };
    } catch (error) {
      return failed(id, error);
    }
  }

  #truncatePart({ id, part, length }: Of<"truncate-part">): FileResult | undefined {
    const file = this.#open.get(part)?.file;
    if (file === undefined) return notOpen(id);
    return this.#inTurn(file, id, async () => {
      await ftruncateLater(file.descriptor, length);
      return { type: "part-truncated", id };
    });
  }

  /** In pieces, with turns for everything else between them: a digest grows in one place and cannot be handed to a worker. */
  #hashPrefix({ id, file: of, length }: Of<"hash-prefix">): FileResult | undefined {
    const file = this.#open.get(of)?.file;
    if (file === undefined) return notOpen(id);
    return this.#inTurn(file, id, async () => {
      const sha256 = nodePlatform.sha256();
      for (let done = 0; done < length; ) {
        if (file.isClosed) throw new FileRefusal("failed", "closed meanwhile");
        const bytes = await file.readLater(done, Math.min(HASH_BYTES, length - done));
        if (bytes.length === 0) throw new FileRefusal("changed", "the file is shorter than it was");
        sha256.update(bytes);
        done += bytes.length;
      }
      return { type: "prefix-hashed", id, sha256 };
    });
  }

  #commitPart({ id, part: of, overwrite, modifiedMs }: Of<"commit-part">): FileResult | undefined {
    const part = this.#open.get(of);
    if (part?.kind !== "part") return notOpen(id);
    const { file, folder, key, name } = part;
    const { descriptor } = file;
    let isCommitted = false;
    const atOnce = this.#inTurn(file, id, async () => {
      // A time that the file system cannot hold is not worth a file.
      if (modifiedMs !== undefined)
        await futimesLater(descriptor, modifiedMs / 1000, modifiedMs / 1000).catch(() => {});
      await fsyncLater(descriptor);
      const { folder: parent, base } = this.#root.openParent(name);
      try {
        await folder.publish(key, parent, base, overwrite);
        isCommitted = true;
        await parent.sync();
      } finally {
        parent.close();
      }
      return { type: "part-committed", id };
    });
    this.#close(of, () => {
      if (!isCommitted) quietly(() => folder.release(key));
    });
    return atOnce;
  }

  #closePart(id: number, fate: "keep" | "drop"): undefined {
    if (this.#opening.has(id)) this.#opening.set(id, fate);
    const part = this.#open.get(id);
    if (part?.kind !== "part") return;
    const { folder, key } = part;
    this.#close(id, () => quietly(() => (fate === "drop" ? folder.remove(key) : folder.release(key))));
  }

  #close(id: number, afterwards: () => void): undefined {
    const opened = this.#open.get(id);
    if (opened === undefined) return;
    const { file } = opened;
    this.#open.delete(id);
    this.#ending.set(file, opened.kind === "part" ? opened.key : undefined);
    file.close(() => {
      afterwards();
      this.#ending.delete(file);
    });
  }

  /** Does it after what waits for this file, and delivers its result. */
  #inTurn(file: OpenFile, id: number, work: () => Promise<FileResult>): FileResult | undefined {
    try {
      file.inTurn(async () => {
        const result = await work().catch((error: unknown) => failed(id, error));
        if (!this.#closed) this.#deliver(result);
      });
      return undefined;
    } catch (error) {
      return failed(id, error);
    }
  }
}

/** A part that cannot be put away stays where it is, until it is swept. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {}
}
