/** A note of how to go on with a transfer that was cut off, kept where the user's programs keep such things (S95). */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** What the next transfer of the same file needs to know. */
export interface Ticket {
  /** Names the part: 16 hexadecimal digits. */
  readonly key: string;
  /** What the source was; of a GET. */
  readonly etag?: string | undefined;
}

/** A server of ours has removed the part by then. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** Of an etag on the wire (S33). */
const MAX_ETAG_BYTES = 128;

/**
 * `$XDG_STATE_HOME/stopwait-udp`, `~/.local/state/stopwait-udp`, or the same in %LOCALAPPDATA%. Undefined where the user
 * has none of these: a container may run as somebody whom its system does not know.
 */
export function defaultStateFolder(): string | undefined {
  const { XDG_STATE_HOME = "", LOCALAPPDATA = "" } = process.env;
  const base = process.platform === "win32" ? LOCALAPPDATA : XDG_STATE_HOME;
  if (isAbsolute(base)) return join(base, "stopwait-udp"); // another one counts for nothing, says the XDG specification
  const home = homeFolder();
  return isAbsolute(home) ? join(home, ".local", "state", "stopwait-udp") : undefined;
}

function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return "";
  }
}

export class ResumeTicket {
  readonly #folder: string;
  readonly #path: string;

  /** @param transfer what tells this transfer from others: operation, server, names */
  constructor(folder: string, transfer: readonly (string | number)[]) {
    this.#folder = folder;
    const name = createHash("sha256").update(JSON.stringify(transfer)).digest("hex").slice(0, 32);
    this.#path = join(folder, `${name}.json`);
  }

  /** Undefined where there is none that can be read. */
  read(): Ticket | undefined {
    try {
      const { key, etag } = JSON.parse(readFileSync(this.#path, "utf8")) as { key?: unknown; etag?: unknown };
      if (typeof key !== "string" || !/^[0-9a-f]{16}$/.test(key)) return undefined;
      const isEtag = typeof etag === "string" && etag !== "" && Buffer.byteLength(etag) <= MAX_ETAG_BYTES;
      return { key, etag: isEtag ? etag : undefined };
    } catch {
      return undefined;
    }
  }

  /** @throws what the file system says: the transfer can do without */
  write(ticket: Ticket): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const fresh = `${this.#path}.${process.pid}.new`;
    writeFileSync(fresh, JSON.stringify(ticket), { mode: 0o600 });
    renameSync(fresh, this.#path);
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  /** Removes the notes of transfers that nobody came back for. Never rejects. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((one) => /^[0-9a-f]{32}\.json(\.\d+\.new)?$/.test(one))) {
      const path = join(this.#folder, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats !== undefined && stats.mtimeMs < Date.now() - KEPT_MS) await rm(path, { force: true }).catch(() => {});
    }
  }
}
