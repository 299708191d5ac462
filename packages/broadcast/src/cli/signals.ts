/** The end that a person asks for. */

/**
 * Aborts at the first SIGINT or SIGTERM, the reason being its name; a second one, of whichever kind, ends the process at
 * once. `stopListening` makes the first one do so, too.
 */
export function stopSignal(): { readonly signal: AbortSignal; readonly stopListening: () => void } {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    stopListening();
    controller.abort(name);
  };
  const stopListening = (): void => {
    process.off("SIGTERM", stop).off("SIGINT", stop);
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  return { signal: controller.signal, stopListening };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
