/** Runs a proxy until it is told to stop: the same for both. */
import { showAddress } from "../node/proxy-address.js";
import type { Reports } from "./reports.js";
import type { HostAndPort } from "./values.js";

interface Proxy extends AsyncDisposable {
  listen(at: HostAndPort): Promise<HostAndPort>;
}

/** Listens, says where, and goes on until SIGINT or SIGTERM; then prints the summary. */
export async function runProxy(
  proxy: Proxy,
  at: HostAndPort,
  seed: { readonly value: number; readonly isGiven: boolean },
  reports: Reports,
  summary: () => string,
): Promise<void> {
  process.stdout.on("error", () => {}); // who started the proxy need not go on reading
  process.stderr.on("error", () => {});
  const stopped = waitForSignal();
  try {
    const bound = await proxy.listen(at);
    reports.open(); // not before the address is ours: another proxy there may be writing the same files
    process.stdout.write(`listening on ${showAddress({ address: bound.host, port: bound.port })}\n`);
    if (!seed.isGiven) process.stdout.write(`seed ${seed.value} (--seed ${seed.value} repeats what happens)\n`);
    await stopped;
  } finally {
    await proxy[Symbol.asyncDispose]();
  }
  process.stdout.write(`\n${summary()}`);
  reports.finish();
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
