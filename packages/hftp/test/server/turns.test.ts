/** The driver's turns (docs/hftp.md H19): what happens between two of them is told in its order. */
import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { expect, it, vi } from "vitest";

import { ServerSession } from "../../src/core/server-session.js";
import { BlockPool } from "../../src/node/block-pool.js";
import { ServedDirectory } from "../../src/node/served-directory.js";
import { ServerConnection } from "../../src/node/server-connection.js";
import { temporaryDirectory } from "../temporary.js";

/** Takes each write before the next round of the event loop, and is full meanwhile. */
class SlowSocket extends Duplex {
  taken = 0;
  constructor() {
    super({ writableHighWaterMark: 1, allowHalfOpen: true });
  }
  setNoDelay(): this {
    return this;
  }
  override _read(): void {}
  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.taken += chunk.length;
    process.nextTick(done);
  }
}

it("H19: a reply goes on where the network took a piece between two turns of a server that has much to do", async () => {
  const folder = temporaryDirectory();
  const size = 3_000_000;
  writeFileSync(join(folder, "big"), Buffer.alloc(size, 0x44));
  let now = 1_000;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 10)); // each turn is over at once
  try {
    const socket = new SlowSocket();
    const done = new Promise<string | undefined>((resolve) => {
      const events = { served: () => {}, closed: resolve };
      const session = new ServerSession({});
      const connection = new ServerConnection(
        socket as unknown as Socket,
        session,
        new ServedDirectory(folder),
        new BlockPool(4),
        events,
      );
      connection.handle({ type: "connected", refused: false });
    });
    socket.push(`get_slice big 0 ${size}\r\n`);
    socket.push(null);
    expect(await done).toBeUndefined();
    expect(socket.taken).toBe("0 OK\r\n".length + (4 * size) / 3 + 2);
  } finally {
    clock.mockRestore();
  }
});
