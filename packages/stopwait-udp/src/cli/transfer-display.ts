/** What a person sees of a transfer: a bar while it runs, what it cost at the end. */
import { SingleBar } from "cli-progress";
import { printable } from "../core/printable.js";
import type { TransferResult } from "../node/transfer.js";
import type { TransferProgress } from "../node/transfer-options.js";
import type { Statistics } from "../node/transfer-statistics.js";

/** How often a bar is drawn anew. */
const FRAMES_PER_SECOND = 10;

export class TransferDisplay {
  readonly #name: string;
  readonly #bar: SingleBar | undefined;
  #began: number | undefined;
  #from = 0;

  constructor(name: string, isQuiet: boolean) {
    this.#name = printable(name);
    if (isQuiet || !process.stderr.isTTY) return;
    this.#bar = new SingleBar({
      stream: process.stderr,
      format: "{name} [{bar}] {percentage}% | {rate} | ETA {eta_formatted}",
      fps: FRAMES_PER_SECOND,
      hideCursor: true,
      gracefulExit: false,
      etaBuffer: 50,
    });
  }

  progress({ bytes, total }: TransferProgress): void {
    if (this.#bar === undefined) return;
    if (this.#began === undefined) {
      this.#began = performance.now();
      this.#from = bytes;
      this.#bar.start(total ?? 0, bytes, { name: this.#name, rate: "" });
      return;
    }
    if (total === undefined) this.#bar.setTotal(bytes); // version 1 does not say how long a file is
    this.#bar.update(bytes, { rate: rate(((bytes - this.#from) * 1000) / (performance.now() - this.#began)) });
  }

  /** Ends the bar, whatever became of the transfer. */
  stop(): void {
    if (this.#began !== undefined) this.#bar?.stop();
  }
}

/** How the closing lines are to be. */
interface Closing {
  readonly isQuiet: boolean;
  readonly v1?: boolean | undefined;
  readonly resume?: boolean | undefined;
}

/** The closing lines. */
export function closingLines(what: string, result: TransferResult, { isQuiet, v1, resume }: Closing): string {
  const { bytes, sha256, resumedAt, statistics } = result;
  const seconds = (statistics.ms / 1000).toFixed(2);
  const summary = `${what} (${bytes} bytes in ${seconds} s, ${rate(statistics.goodputBytesPerSecond)})\nsha256 ${sha256}${v1 === true ? UNVERIFIED : ""}\n${resume === true ? resumption(resumedAt, bytes) : ""}`;
  return isQuiet ? summary : summary + describeStatistics(statistics);
}

const UNVERIFIED = " (version 1: not verified on the way)";

function resumption(at: number, of: number): string {
  if (at === 0) return "nothing to resume: started from the beginning\n";
  return `resumed at ${grouped(at)} of ${grouped(of)} bytes\n`;
}

function grouped(bytes: number): string {
  return bytes.toLocaleString("en-US");
}

/** The same for a program, on one line. @param named what the file is called */
export function jsonLine(named: object, { bytes, sha256, resumedAt, statistics }: TransferResult): string {
  return JSON.stringify({ ...named, bytes, sha256, seconds: statistics.ms / 1000, resumedAt, statistics });
}

function describeStatistics({ packetsSent, packetsRepeated, packetsReceived, roundTrips }: Statistics): string {
  const packets = `packets: ${packetsSent} sent, ${packetsRepeated} of them again; ${packetsReceived} received\n`;
  if (roundTrips === undefined) return packets;
  const { minMs, meanMs, p99Ms } = roundTrips;
  return `${packets}round trip: ${milliseconds(minMs)} at least, ${milliseconds(meanMs)} on average, ${milliseconds(p99Ms)} for 99 %\n`;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(3) : ms.toFixed(1)} ms`;
}

function rate(bytesPerSecond: number): string {
  if (!Number.isFinite(bytesPerSecond)) return "";
  if (bytesPerSecond < 10_000) return `${bytesPerSecond.toFixed(0)} B/s`;
  if (bytesPerSecond < 10_000_000) return `${(bytesPerSecond / 1000).toFixed(0)} kB/s`;
  return `${(bytesPerSecond / 1_000_000).toFixed(1)} MB/s`;
}
