/** Ends a TCP socket with a reset in place of an end. */
import type { Socket } from "node:net";

/** A socket that is not connected yet is closed without a word. */
export function resetSocket(socket: Socket): void {
  if (socket.connecting || socket.pending) socket.destroy();
  else if (!socket.destroyed) socket.resetAndDestroy();
}
