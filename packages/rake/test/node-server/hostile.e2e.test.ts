/** Actions and clients that try to have the server do what they may not: at other folders, or to others. */
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { start } from "../../../../test/process.js";
import { bundled } from "../../../../test/programs.js";
import { scratchFolder } from "../../../../test/scratch.js";
import type { ServerInput, ServerOutput } from "../../src/core/server-contract.js";
import { EmptyFolder } from "../../src/node/empty-folder.js";
import { isLargerThan } from "../../src/node/folder-size.js";
import { silentLogger } from "../../src/node/logger.js";
import { partsOf, removeFolder } from "../../src/node/removal.js";
import { placeInputs } from "../../src/node/run-folder.js";
import { ServerConnection } from "../../src/node/server-connection.js";
import { ServerDriver } from "../../src/node/server-driver.js";
import { ActionRig } from "./action-rig.js";
import { RawClient } from "./raw-client.js";

/** Of the server's user alone. */
function foreignFolder(): string {
  const folder = `${scratchFolder()}/foreign`;
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(`${folder}/secret`, "not the action's", { mode: 0o600 });
  return folder;
}

it("R25: an action that puts a link in the place of its folder brings nothing from where that leads", async () => {
  const foreign = foreignFolder();
  const rig = await ActionRig.make("rlimit");
  const run = await rig.start(`mv ../work ../aside && ln -s ${foreign} ../work`);
  await run.ended();
  await expect(run.outputs(["secret"])).rejects.toThrow(/something else in the place of its folder|made nothing/);
});

it("R25, R58: what is removed behind an action is what it left, never what its links lead to", async () => {
  const foreign = foreignFolder();
  const rig = await ActionRig.make("rlimit");
  const run = await rig.start(
    `mkdir -p a/b; ln -s ${foreign} a/b/link; ln -s ${foreign} link; mv ../work ../aside; ln -s ${foreign} ../work`,
  );
  await run.ended();
  await run.remove();
  expect(readdirSync(foreign)).toEqual(["secret"]);
  expect(rig.trouble).toEqual([]);
});

it("R26, R58: a wide folder is removed by several at once, whatever links and names are in it", async () => {
  const foreign = foreignFolder();
  const top = scratchFolder();
  for (let index = 0; index < 2_000; index++) mkdirSync(`${top}/many/a${index % 40}/${index}`, { recursive: true });
  symlinkSync(foreign, `${top}/many/link`);
  mkdirSync(Buffer.from(`${top}/many/bad\xff`, "latin1"));
  mkdirSync(`${top}/many/-rf`);
  const parts = await partsOf(`${top}/many`);
  expect(parts.length).toBeGreaterThan(32);
  expect(parts.filter((part) => part.endsWith("link"))).toEqual([]);
  mkdirSync(`${top}/narrow/one/two`, { recursive: true });
  expect(await partsOf(`${top}/narrow`)).toEqual([]);
  await removeFolder(`${top}/many`);
  await removeFolder(`${top}/narrow`);
  expect([readdirSync(top), readdirSync(foreign)]).toEqual([[], ["secret"]]);
});

it("R27: a client that does not take what it is sent is not read from, until it does", async () => {
  const events: string[] = [];
  const listener = createServer();
  const accepted = new Promise<Socket>((resolve) => listener.once("connection", resolve));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  const client = connect(port, "127.0.0.1");
  client.pause();
  const socket = await accepted;
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
    listener.close();
  });
  const drained = new Promise<void>((resolve) => {
    const connection = new ServerConnection(
      1,
      socket,
      { highWaterBytes: 1, lingerMs: 1 },
      {
        data: () => {},
        full: () => events.push("full"),
        drained: () => resolve(),
        closed: () => events.push("closed"),
      },
    );
    connection.send(new Uint8Array(64 * 2 ** 20));
    connection.flush();
    expect(events).toEqual(["full"]);
    expect(socket.isPaused()).toBe(true);
    connection.pause();
    connection.resume(); // the disk has caught up: it is full all the same
    expect(socket.isPaused()).toBe(true);
  });
  client.resume();
  await drained;
  expect(socket.isPaused()).toBe(false);
  expect(events).toEqual(["full"]);
});

/** How often others had their turn until then. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  void work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  return turns;
}

it("R47: while many inputs are placed, others have their turn", async () => {
  const rig = await ActionRig.make("rlimit");
  const digest = await rig.put("x");
  const inputs = Array.from({ length: 500 }, (_, index) => ({ path: `f${index}`, digest, mode: 0o644 }));
  const paths = EmptyFolder.make(`${rig.folder.runs}/many`, rig.launcher.user).paths;
  onTestFinished(() => removeFolder(paths.top));
  expect(await turnsDuring(placeInputs(paths, inputs, rig.store, rig.launcher.user))).toBeGreaterThan(3);
});

it("R42, R47: while a folder of many empty folders is looked at, others have their turn", async () => {
  const top = scratchFolder();
  for (let index = 0; index < 1_500; index++) mkdirSync(`${top}/${index}`);
  expect(await turnsDuring(isLargerThan(top, Number.POSITIVE_INFINITY))).toBeGreaterThan(3);
});

it("R25: while many long patterns are tried, others have their turn, and it ends when nobody wants it", async () => {
  const rig = await ActionRig.make("rlimit");
  const run = await rig.start(`perl -e 'for (1..50) { open F, q(>), q(a) x 240 . $_ }'`);
  await run.ended();
  const pattern = `*${"a".repeat(120)}b`;
  const wanted = Array.from({ length: 20_000 }, (_, index) => pattern + index);
  run.run.collect(wanted, false);
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
  // The others had theirs, and it is not through.
  expect(rig.told.filter(({ type }) => type.startsWith("collect"))).toEqual([]);
  await run.remove();
  expect(readdirSync(rig.folder.runs)).toEqual([]);
});

it("R41, R43: where actions have a user of their own, what stands above their folder is not theirs, nor is that while inputs come", async () => {
  const rig = await ActionRig.make("rlimit");
  const run = await rig.start("mv ../work ../aside 2>/dev/null; echo own >made", { "d/in": "in" });
  const { end } = await run.outcome();
  expect(end.code).toBe(0);
  const isOthers = process.getuid?.() === 0;
  expect(statSync(run.top).uid).toBe(process.getuid?.());
  expect(readdirSync(run.top).includes("aside")).toBe(!isOthers);
});

it("R41: what the process of the server was started with is no descriptor of an action", async () => {
  const file = `${scratchFolder()}/inherited`;
  writeFileSync(file, "not the action's", { mode: 0o600 });
  const program = bundled(new URL("server-program.ts", import.meta.url));
  const words = [process.execPath, program, '{"sandbox":"rlimit"}'];
  await using server = start("bash", ["-c", 'exec 200<"$0" && exec "$@"', file, ...words]);
  const client = await RawClient.connect(await server.port());
  onTestFinished(() => void client.socket.destroy());
  expect(await client.run(`perl -e 'open F, "<&=200" or exit 2; print <F>'`)).toMatchObject({ end: "EXITED", code: 2 });
  expect(client.bodies.has("STDOUT")).toBe(false);
});

it("R11, R47: a connection whose files the disk cannot keep up with is not read from, until it can", async () => {
  const rig = await ActionRig.make("none");
  const machine = {
    handle: (_now: number, input: ServerInput): ServerOutput[] => {
      if (input.type === "data") return [{ type: "pause", connection: 1 }];
      if (input.type === "load") return [{ type: "resume", connection: 1 }];
      return input.type === "shutdown" ? [{ type: "idle" }] : [];
    },
    nextDeadline: () => undefined,
  };
  const { folder, store, fifos, launcher } = rig;
  const bounds = { highWaterBytes: 65_536, lingerMs: 1, readyRuns: 0 };
  const driver = new ServerDriver(
    { folder, store, fifos, launcher, ...bounds, logger: silentLogger, onEvent: () => {} },
    machine,
  );
  const socket = new Socket();
  onTestFinished(() => void socket.destroy());
  driver.accept(socket);
  expect(socket.isPaused()).toBe(false);
  socket.emit("data", Buffer.from("x"));
  expect(socket.isPaused()).toBe(true);
  driver.load(0);
  expect(socket.isPaused()).toBe(false);
  await driver.stop();
});
