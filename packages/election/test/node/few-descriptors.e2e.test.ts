/** A node whose file descriptors strangers have used up. */
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { start } from "../../../../test/process.js";
import { bundled } from "../../../../test/programs.js";
import { scratchFolder } from "../../../../test/scratch.js";

it.runIf(process.platform === "linux")(
  "outlasts a time without file descriptors, and stores and leads again after it",
  async () => {
    const path = join(scratchFolder(), "a.json");
    const node = [process.execPath, bundled(new URL("few-descriptors.ts", import.meta.url)), path];
    await using victim = start("sh", ["-c", 'ulimit -n 64; exec "$@"', "sh", ...node]);
    const port = await victim.port();
    await victim.line(/^elected 1$/);
    const strangers: Socket[] = [];
    onTestFinished(() => {
      for (const socket of strangers) socket.destroy();
    });
    // Whom it cannot accept it turns away: so long as it has descriptors, they stay.
    const isFull = new Promise<void>((resolve) => {
      for (let count = 0; count < 100; count++) {
        const socket = connect(port, "127.0.0.1");
        strangers.push(socket.on("error", () => {}).once("close", () => resolve()));
      }
    });
    await isFull;
    victim.signal("SIGUSR2");
    const [, why] = await victim.line(/^error a promise could not be stored, and is not made (.*)$/);
    expect(why).toContain("EMFILE");
    for (const socket of strangers) socket.destroy();
    const [, epoch] = await victim.line(/^elected ([2-9]|\d\d+)$/);
    expect(Number(epoch)).toBeGreaterThan(1);
  },
);
