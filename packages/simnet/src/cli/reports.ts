/** What a proxy writes beside its summary: `--pcap`, `--trace` and `--verbose`. */
import type { TraceEvent } from "../core/trace.js";
import { CaptureFile } from "./capture-file.js";
import { DiagramFile } from "./diagram-file.js";
import { eventLine } from "./event-line.js";
import type { ProxyFlags } from "./proxy-flags.js";

/** Lines of `--verbose` are left out while so much of them waits for a slow reader. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class Reports {
  /** For the proxy's `onEvent`; undefined where nobody asked to be told. */
  readonly onEvent: ((event: TraceEvent) => void) | undefined;
  readonly #flags: ProxyFlags;
  readonly #name: string;
  readonly #seed: number;
  #capture: CaptureFile | undefined;
  #diagram: DiagramFile | undefined;

  /** @param name of the command */
  constructor(flags: ProxyFlags, name: string, seed: number) {
    this.#flags = flags;
    this.#name = name;
    this.#seed = seed;
    this.onEvent = flags.trace !== undefined || flags.verbose ? (event) => this.#tell(event) : undefined;
  }

  /** For what the proxy sees; undefined where no capture was asked for. */
  onSeen<Seen>(write: (capture: CaptureFile, seen: Seen) => void): ((seen: Seen) => void) | undefined {
    if (this.#flags.pcap === undefined) return undefined;
    return (seen) => {
      if (this.#capture !== undefined) write(this.#capture, seen);
    };
  }

  /** Opens the files. @throws what node:fs says where one cannot be written */
  open(): void {
    const { pcap, pcapSide, trace, traceEvents } = this.#flags;
    if (pcap !== undefined) this.#capture = new CaptureFile(pcap, pcapSide, this.#seed);
    if (trace !== undefined) this.#diagram = new DiagramFile(trace, traceEvents);
  }

  /** Writes what is written at the end. @throws what node:fs says */
  finish(): void {
    this.#capture?.close();
    this.#diagram?.write(`simnet ${this.#name}, seed ${this.#seed}`);
  }

  #tell(event: TraceEvent): void {
    this.#diagram?.add(event);
    if (this.#flags.verbose && process.stderr.writableLength < MAX_WAITING_BYTES) {
      process.stderr.write(`${eventLine(event)}\n`);
    }
  }
}
