/** What was dropped, and by whom; a file that never became whole is no file, but it was tried. */
import type { ServedTransfer } from "@lab/stopwait-udp";

interface Dropped {
  readonly name: string;
  readonly bytes: number;
  readonly from: string;
  readonly version: 1 | 2;
}

export class Receipts {
  readonly #dropped: Dropped[] = [];
  #failures = 0;

  /** Counts a file that was stored, or one that was not; a GET does not matter here. */
  add({ operation, outcome, name, bytes, peer, version }: ServedTransfer): void {
    if (operation !== "put") return;
    if (outcome === "done") this.#dropped.push({ name, bytes, from: peer.host, version });
    else this.#failures++;
  }

  /** A line for each file, in the order in which they came, and how many came to nothing. */
  render(): string {
    const lines = this.#dropped.map(
      ({ name, bytes, from, version }) =>
        `${name.padEnd(24)} ${String(bytes).padStart(12)} bytes from ${from}, version ${version}`,
    );
    if (lines.length === 0) lines.push("nothing was dropped");
    if (this.#failures > 0) lines.push(`and ${this.#failures} that came to nothing`);
    return lines.join("\n");
  }
}
