/** Runs a proxy until it is told to stop: the same for both. */
import type { TraceEvent } from "../core/trace.js";
import { showAddress } from "../node/proxy-address.js";
import { CaptureFile } from "./capture-file.js";
import { DiagramFile } from "./diagram-file.js";
import { eventLine } from "./event-line.js";
import type { ProxyFlags } from "./proxy-flags.js";
import type { HostAndPort } from "./values.js";

/** Lines of `--verbose` are left out while so much of them waits for a slow reader. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** What the flags ask to be told. */
export interface Reports {
  readonly capture: CaptureFile | undefined;
  readonly onEvent: ((event: TraceEvent) => void) | undefined;
  /** Writes what is written at the end. */
  readonly finish: (title: string) => void;
}

/** Opens the files that are to be written. @throws what node:fs says where one cannot be */
export function openReports(flags: ProxyFlags, seed: number): Reports {
  const capture = flags.pcap === undefined ? undefined : new CaptureFile(flags.pcap, flags.pcapSide, seed);
  const diagram = flags.trace === undefined ? undefined : new DiagramFile(flags.trace, flags.traceEvents);
  const tell = (event: TraceEvent): void => {
    diagram?.add(event);
    if (flags.verbose && process.stderr.writableLength < MAX_WAITING_BYTES) {
      process.stderr.write(`${eventLine(event)}\n`);
    }
  };
  return {
    capture,
    onEvent: diagram !== undefined || flags.verbose ? tell : undefined,
    finish: (title) => {
      capture?.close();
      diagram?.write(title);
    },
  };
}

interface Proxy extends AsyncDisposable {
  listen(at: HostAndPort): Promise<HostAndPort>;
}

/** Listens, says where, and goes on until SIGINT or SIGTERM; then prints the summary. */
export async function runProxy(
  proxy: Proxy,
  at: HostAndPort,
  seed: { readonly value: number; readonly isGiven: boolean },
  end: () => string,
): Promise<void> {
  process.stdout.on("error", () => {}); // who started the proxy need not go on reading
  process.stderr.on("error", () => {});
  const stopped = waitForSignal();
  try {
    const bound = await proxy.listen(at);
    process.stdout.write(`listening on ${showAddress({ address: bound.host, port: bound.port })}\n`);
    if (!seed.isGiven) process.stdout.write(`seed ${seed.value} (--seed ${seed.value} repeats what happens)\n`);
    await stopped;
  } finally {
    await proxy[Symbol.asyncDispose]();
  }
  process.stdout.write(`\n${end()}`);
}

/** The first SIGTERM or SIGINT; a second one ends the process at once. */
async function waitForSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      process.off("SIGTERM", stop).off("SIGINT", stop);
      resolve();
    };
    process.on("SIGTERM", stop).on("SIGINT", stop);
  });
}
