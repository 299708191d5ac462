/** The end that a person asks for (docs/rake.md R38). */

/** Aborts at the first SIGINT or SIGTERM, the reason being its name; at a second one, of whichever kind, `again` is called. */
export function stopSignal(again: (name: NodeJS.Signals) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) again(name);
    else controller.abort(name);
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
