import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { startBundled } from "../../../test/programs.js";
import { announcing, frame } from "./bytes.js";

type Load = (port: number, control: number) => Promise<Socket[]>;

/** Peak memory in MiB that a receiver gains under a load, in a process of its own. */
async function gained(mode: string, consumed: number, load: Load): Promise<number> {
  await using receiver = startBundled(new URL("./programs/receiver.ts", import.meta.url), [mode, String(consumed)]);
  const port = await receiver.port();
  const control = Number((await receiver.line(/^control on (\d+)$/))[1]);
  const before = await peak(control);
  const sockets = await load(port, control);
  await receiver.line(new RegExp(`^heard from ${sockets.length}$`));
  const after = await peak(control);
  for (const socket of sockets) socket.destroy();
  return after - before;
}

async function peak(port: number): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write("peak\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  return Number(answer.toString());
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Four peers that announce 256 MiB each, and send 1 KiB of it. */
const announce: Load = (port) =>
  Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = await connected(port);
      await new Promise((resolve) =>
        socket.write(Buffer.concat([announcing(2n ** 28n), new Uint8Array(1024)]), resolve),
      );
      return socket;
    }),
  );

/** One peer that sends frames until it has sent 256 MiB, or the receiver takes no more. */
const flood: Load = async (port, control) => {
  const socket = await connected(port);
  const chunk = Buffer.concat(Array.from({ length: 64 }, () => frame(new Uint8Array(16_384))));
  for (let sent = 0; sent < 256; sent++) {
    if (socket.write(chunk)) continue;
    const stop = new AbortController();
    const drained = once(socket, "drain", { signal: stop.signal }).then(
      () => true,
      () => false,
    );
    // It has answered a hundred questions meanwhile, and read nothing: it holds the writer back.
    const isHeldBack = await Promise.race([drained.then(() => false), questions(control, 100).then(() => true)]);
    stop.abort();
    if (isHeldBack) break;
  }
  return [socket];
};

async function questions(control: number, count: number): Promise<void> {
  for (let asked = 0; asked < count; asked++) await peak(control);
}

it("F3: peers that announce 1 GiB in all cost no memory, where a server that trusts them takes it", async () => {
  const ours = await gained("framed", 1, announce);
  const control = await gained("trusting", 0, announce);
  expect(ours).toBeLessThan(40);
  expect(control).toBeGreaterThan(600);
});

it("F13: a consumer that stops costs no memory, where a server that reads on takes all that is sent", async () => {
  const ours = await gained("framed", 10, flood);
  const control = await gained("eager", 0, flood);
  expect(ours).toBeLessThan(60);
  expect(control).toBeGreaterThan(200);
});
