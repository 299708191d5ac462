/** What a class has fetched so far, and the board that shows it. */
import type { ServedRequest } from "@lab/hftp";

interface Fetched {
  bytes: number;
  slices: number;
  readonly peers: Set<string>;
}

export class Board {
  readonly #files = new Map<string, Fetched>();

  /** Counts a slice that was sent; other requests do not matter here. */
  add(request: ServedRequest, peer: string): void {
    if (request.command !== "get_slice" || request.name === undefined || request.code !== 0) return;
    const fetched = this.#files.get(request.name) ?? { bytes: 0, slices: 0, peers: new Set() };
    fetched.bytes += request.fileBytes;
    fetched.slices++;
    fetched.peers.add(peer);
    this.#files.set(request.name, fetched);
  }

  /** A line per file, most fetched first. */
  render(): string {
    const rows = [...this.#files].sort(([, a], [, b]) => b.bytes - a.bytes);
    if (rows.length === 0) return "nothing was fetched";
    return rows
      .map(([name, { bytes, slices, peers }]) => {
        return `${name.padEnd(24)} ${String(bytes).padStart(12)} bytes in ${slices} slices over ${peers.size} connections`;
      })
      .join("\n");
  }
}
