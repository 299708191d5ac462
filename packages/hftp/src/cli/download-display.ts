/** What a person sees of a download: a bar while it runs, notes, a closing line. */
import { SingleBar } from "cli-progress";
import type { DownloadNotice } from "../core/download-messages.js";
import { printable } from "../core/printable.js";
import type { DownloadProgress, DownloadResult } from "../node/download.js";

export interface DisplayFlags {
  readonly quiet?: true;
  readonly json?: true;
}

export class DownloadDisplay {
  readonly #name: string;
  readonly #shown: boolean;
  readonly #bar: SingleBar | undefined;
  #begun: { readonly bytes: number; readonly at: number } | undefined;

  constructor(name: string, flags: DisplayFlags) {
    this.#name = name;
    this.#shown = flags.quiet !== true && flags.json !== true;
    if (this.#shown && process.stderr.isTTY) {
      this.#bar = new SingleBar({
        stream: process.stderr,
        format: "{name} [{bar}] {percentage}% | {speed} MB/s | ETA {eta_formatted}",
        hideCursor: true,
        gracefulExit: false,
        etaBuffer: 50,
      });
    }
  }

  progress({ bytes, size }: DownloadProgress): void {
    if (this.#bar === undefined) return;
    const at = performance.now();
    if (this.#begun === undefined || bytes < this.#begun.bytes) {
      this.#begun = { bytes, at };
      this.#bar.start(size, bytes, { name: this.#name, speed: "0.0" });
    } else this.#bar.update(bytes, { speed: megabytesPerSecond(bytes - this.#begun.bytes, at - this.#begun.at) });
  }

  notice(notice: DownloadNotice): void {
    if (!this.#shown) return;
    const clear = this.#bar === undefined ? "" : "\r\x1b[K";
    process.stderr.write(`${clear}note: ${printable(notice.message)}\n`);
  }

  /** Ends the bar, whatever became of the download. */
  stop(): void {
    if (this.#begun !== undefined) this.#bar?.stop();
  }

  /** The closing line. */
  finished({ bytes, sha256, ms, path }: DownloadResult): string {
    const rate = `${(ms / 1000).toFixed(2)} s, ${megabytesPerSecond(bytes, ms)} MB/s`;
    return `saved ${path} (${bytes} bytes in ${rate})\nsha256 ${sha256}\n`;
  }
}

function megabytesPerSecond(bytes: number, ms: number): string {
  return ms <= 0 ? "0.0" : (bytes / 1000 / ms).toFixed(1);
}
