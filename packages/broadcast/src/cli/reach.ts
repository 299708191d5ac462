/** A room of a server that must be there now: later it may go and come back. */
import { ClosedError } from "../core/errors.js";
import { type JoinOptions, join, type Room } from "../node/client.js";

/**
 * Joins a room, or does not where somebody does not want to wait any more: undefined.
 *
 * @param signal counts until the room is joined
 * @throws ClosedError `UNREACHABLE` where the first connection fails, and what `join` throws
 */
export async function reach(options: Omit<JoinOptions, "signal">, signal: AbortSignal): Promise<Room | undefined> {
  const given = new AbortController();
  const stop = (): void => given.abort();
  signal.addEventListener("abort", stop, { once: true });
  let wasWelcome = false;
  const onNotice: JoinOptions["onNotice"] = (notice) => {
    if (notice.type === "welcome") wasWelcome = true;
    if (notice.type === "disconnected" && !wasWelcome) {
      given.abort(new ClosedError("UNREACHABLE", `cannot reach ${options.address}: ${notice.why}`));
    } else {
      options.onNotice?.(notice);
    }
  };
  try {
    return await join({ ...options, onNotice, signal: given.signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
