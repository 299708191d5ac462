/** What the simulation found, as small as it could be made: kept so that it does not come back. */
import { expect, it } from "vitest";
import {
  type ClientInput,
  ClientMachine,
  type ClientOutput,
  encode,
  type Hello,
  type Message,
  type ServerInput,
  ServerMachine,
  type ServerOutput,
  type Welcome,
} from "../../src/core/index.js";
import { messagesIn } from "./connection-watch.js";
import { seededPlatform } from "./seeded-platform.js";

const platform = seededPlatform((length) => new Uint8Array(length).fill(3));
const token = new Uint8Array(16).fill(9);

const welcome: Welcome = {
  type: "welcome",
  status: "fresh",
  epoch: 1,
  token,
  member: 1,
  head: 1,
  firstRetained: 1,
  resumeFrom: 1,
  lastClientSeq: 0,
  lastNumber: 0,
  ackEvery: 64,
  ackAfterMs: 20,
  heartbeatMs: 5_000,
  maxMessageBytes: 1_000,
  publishWindow: 256,
  members: [{ member: 1, name: "a" }],
};

/** Tells a client machine one thing after another; attempts are those that it asked for. */
function client(options: ConstructorParameters<typeof ClientMachine>[0]) {
  const machine = new ClientMachine(options, platform);
  let attempt = 0;
  let now = 0;
  const tell = (input: ClientInput): ClientOutput[] => {
    const outputs = machine.handle(now, input);
    for (const output of outputs) if (output.type === "connect") attempt = output.attempt;
    return outputs;
  };
  return {
    tell,
    connected: () => tell({ type: "connected", attempt }),
    /** And it tries again. */
    lost: () => {
      tell({ type: "disconnected", attempt, why: "cut" });
      now += 10_000;
      tell({ type: "tick" });
    },
    hears: (...messages: Message[]) => tell({ type: "data", attempt, bytes: Buffer.concat(messages.map(encode)) }),
  };
}

it("B35: a client that is held goes on when what it waits for is told by its own entry", () => {
  const { tell, connected, lost, hears } = client({ room: "main", name: "a", maxUnsentMessages: 1 });
  tell({ type: "start" });
  connected();
  hears(welcome);
  expect(tell({ type: "publish", id: 0, bytes: Uint8Array.of(1) }).map(({ type }) => type)).toContain("hold");
  lost();
  connected();
  // The log has it: nothing is sent again, and no PUBACK comes any more.
  hears({ ...welcome, status: "resumed", head: 3, resumeFrom: 1, lastClientSeq: 1, lastNumber: 3 });
  const join = { kind: "join", member: 1, clientSeq: 0, bytes: Buffer.from("a") } as const;
  const message = { kind: "message", member: 1, clientSeq: 1, bytes: Uint8Array.of(1) } as const;
  const outputs = hears({ type: "batch", first: 1, entries: [join, join, message] });
  expect(outputs.map(({ type }) => type)).toEqual(expect.arrayContaining(["published", "unhold"]));
});

it("B30: a client that asks anew, since nothing of what it asked for came, is told that it is another epoch", () => {
  const { tell, connected, lost, hears } = client({ room: "main", name: "", observer: true, start: "snapshot" });
  const observed = { ...welcome, token: new Uint8Array(16), member: 0, members: [], head: 0 };
  tell({ type: "start" });
  connected();
  hears(observed);
  lost();
  connected();
  expect(hears({ ...observed, epoch: 2 })).toContainEqual({
    type: "notice",
    notice: { type: "epoch", previous: 1, epoch: 2, from: 1 },
  });
});

/** One that has published `messages` in epoch 1, each with a PUBACK, of which nothing is left in epoch 2. */
function afterALoss(messages: number) {
  const one = client({ room: "main", name: "a" });
  one.tell({ type: "start" });
  one.connected();
  one.hears(welcome);
  for (let id = 0; id < messages; id++) {
    one.tell({ type: "publish", id, bytes: Uint8Array.of(id) });
    one.hears({ type: "puback", clientSeq: id + 1, number: id + 2, code: "ok" });
  }
  one.lost();
  one.connected();
  one.hears({ ...welcome, status: "new epoch", epoch: 2 });
  return one;
}

const broughtBack = { status: "new epoch", epoch: 3, head: 3, resumeFrom: 4 } as const;

it("B11, B40: a client stays when a log is brought back that has what it published before an older one was", () => {
  const { tell, connected, lost, hears } = afterALoss(2);
  lost();
  connected();
  const outputs = hears({ ...welcome, ...broughtBack, lastClientSeq: 2, lastNumber: 3 });
  expect(outputs.map(({ type }) => type)).not.toContain("ended");
  expect(tell({ type: "publish", id: 2, bytes: Uint8Array.of(2) })).toContainEqual(
    expect.objectContaining({
      type: "send",
      bytes: encode({ type: "publish", firstClientSeq: 3, payloads: [Uint8Array.of(2)] }),
    }),
  );
});

it("B34, B40: what was sent with a client seq that stood for another publish before is unknown in a log that may have that one", () => {
  const { tell, connected, lost, hears } = afterALoss(2);
  tell({ type: "publish", id: 2, bytes: Uint8Array.of(2) }); // client seq 1 again
  lost();
  connected();
  const outputs = hears({ ...welcome, ...broughtBack, lastClientSeq: 1, lastNumber: 2 });
  expect(outputs).toContainEqual({ type: "publishFailed", id: 2, code: "UNKNOWN_OUTCOME" });
});

it("B32: what was sent with a client seq that never stood for another publish is known to be in a log that has it", () => {
  const { tell, connected, lost, hears } = afterALoss(1);
  for (const id of [1, 2]) tell({ type: "publish", id, bytes: Uint8Array.of(id) }); // client seqs 1 and 2
  lost();
  connected();
  const outputs = hears({ ...welcome, ...broughtBack, resumeFrom: 2, lastClientSeq: 2, lastNumber: 3 });
  expect(outputs.filter(({ type }) => type === "publishFailed")).toEqual([]);
});

const hello: Hello = {
  type: "hello",
  observer: false,
  stable: false,
  clientId: new Uint8Array(16).fill(1),
  token: new Uint8Array(16),
  room: "main",
  name: "a",
  epoch: 0,
  last: 0,
  start: "all",
  from: 0,
  window: 1_000,
};

function server(options: ConstructorParameters<typeof ServerMachine>[1]) {
  const machine = new ServerMachine(0, options, platform);
  const tell = (now: number, input: ServerInput): ServerOutput[] => machine.handle(now, input);
  return {
    machine,
    tell,
    hears: (now: number, connection: number, ...messages: Message[]) =>
      tell(now, { type: "data", connection, bytes: Buffer.concat(messages.map(encode)) }),
  };
}

it("B16: a member that published too much is read again at the time for which the server asked to be woken, whatever is rounded", () => {
  for (const now of [378.3038993887603, 710.7969503803179, 1079.62, 0.1 + 0.2]) {
    const { machine, tell, hears } = server({ maxPublishRate: 5, heartbeatMs: 600_000, helloMs: 600_000 });
    tell(now, { type: "opened", connection: 1 });
    hears(now, 1, hello);
    const payloads = Array.from({ length: 7 }, () => Uint8Array.of(1));
    expect(hears(now, 1, { type: "publish", firstClientSeq: 1, payloads })).toContainEqual({
      type: "pause",
      connection: 1,
    });
    const outputs: ServerOutput[] = [];
    for (let ticks = 0; ticks < 20 && !outputs.some(({ type }) => type === "resume"); ticks++) {
      const due = machine.nextDeadline();
      expect(due).toBeDefined();
      outputs.push(...tell(due as number, { type: "tick" }));
    }
    expect(outputs).toContainEqual({ type: "resume", connection: 1 });
  }
});

it("B19: a member that takes nothing is too slow at the time for which the server asked to be woken, whatever is rounded", () => {
  const since = Array.from({ length: 10 }, (_, index) => 12_345.678 + index * Math.SQRT2);
  for (const now of since) {
    const { machine, tell, hears } = server({ maxLagMs: 30_000, heartbeatMs: 600_000, helloMs: 600_000 });
    tell(now, { type: "opened", connection: 1 });
    hears(now, 1, hello);
    tell(now, { type: "full", connection: 1 });
    let at = now;
    let outputs: ServerOutput[] = [];
    while (!outputs.some(({ type }) => type === "close")) {
      at = machine.nextDeadline() as number;
      outputs = tell(at, { type: "tick" });
    }
    expect(at).toBe(now + 30_000);
  }
});

it("B19: with block a member that comes back from beyond the bounds is let catch up, and not thrown out again", () => {
  const { tell, hears } = server({ onSlow: "block", maxLagMessages: 4, graceMs: 0 });
  tell(0, { type: "opened", connection: 1 });
  hears(0, 1, hello);
  hears(0, 1, { type: "publish", firstClientSeq: 1, payloads: Array.from({ length: 20 }, () => Uint8Array.of(1)) });
  tell(1, { type: "opened", connection: 2 });
  const outputs = hears(1, 2, { ...hello, clientId: new Uint8Array(16).fill(2), window: 1 });
  for (let now = 100; now < 1_000; now += 100) outputs.push(...tell(now, { type: "tick" }));
  const said = outputs.flatMap((output) =>
    output.type === "send" && output.connection === 2 ? messagesIn(output.bytes) : [],
  );
  expect(said.map(({ type }) => type)).toContain("batch");
  expect(said.map(({ type }) => type)).not.toContain("close");
});

it("B10, B13: a client that comes back as another process is told of its publishes that wait for their commit", () => {
  const { tell, hears } = server({ log: "durable", graceMs: 60_000 });
  tell(0, { type: "opened", connection: 1 });
  hears(0, 1, hello);
  const stored = (outputs: ServerOutput[]): ServerInput[] =>
    outputs.flatMap((output) =>
      output.type === "storeMeta" || output.type === "storeSegment"
        ? [{ type: "stored", room: "main", id: output.id }]
        : [],
    );
  let waiting = stored(
    tell(0, { type: "roomOpened", room: "main", recovered: { segments: [], damaged: false, boot: "1" } }),
  );
  while (waiting.length > 0) waiting = waiting.flatMap((input) => stored(tell(0, input)));
  const pending = stored(
    hears(0, 1, { type: "publish", firstClientSeq: 1, payloads: [Uint8Array.of(1), Uint8Array.of(2)] }),
  );
  expect(pending.length).toBe(1);
  tell(1, { type: "closed", connection: 1 });
  tell(1, { type: "opened", connection: 2 });
  const saidTo2 = (outputs: ServerOutput[]): Message[] =>
    outputs.flatMap((output) => (output.type === "send" && output.connection === 2 ? messagesIn(output.bytes) : []));
  const token2 = new Uint8Array(16).fill(3); // what the platform draws
  expect(saidTo2(hears(1, 2, { ...hello, token: token2 }))).toEqual([]);
  expect(saidTo2(pending.flatMap((input) => tell(2, input)))).toContainEqual(
    expect.objectContaining({ type: "welcome", lastClientSeq: 2 }),
  );
});

it("B21: a process that takes a session over has not handled what the one before it acknowledged", () => {
  const { tell, hears } = server({ graceMs: 60_000 });
  const stable = (outputs: ServerOutput[]): number[] =>
    outputs.flatMap((output) => (output.type === "event" && output.event.type === "stable" ? [output.event.upTo] : []));
  tell(0, { type: "opened", connection: 1 });
  const epoch = epochOf(hears(0, 1, hello));
  tell(0, { type: "opened", connection: 2 });
  hears(0, 2, { ...hello, clientId: new Uint8Array(16).fill(2) });
  hears(0, 1, { type: "publish", firstClientSeq: 1, payloads: [Uint8Array.of(1), Uint8Array.of(2)] });
  hears(1, 1, { type: "ack", last: 4, window: 100 });
  // Another process with an older position: it has 2, and goes on behind it.
  tell(2, { type: "opened", connection: 3 });
  hears(2, 3, { ...hello, token: new Uint8Array(16).fill(3), epoch, last: 2 });
  hears(3, 3, { type: "ack", last: 2, window: 100 });
  const told = [...hears(100, 2, { type: "ack", last: 4, window: 100 }), ...tell(200, { type: "tick" })];
  expect(stable(told)).toEqual([2]);
  expect(stable(hears(300, 3, { type: "ack", last: 4, window: 100 }))).toEqual([4]);
});

function epochOf(outputs: ServerOutput[]): number {
  const said = outputs.flatMap((output) => (output.type === "send" ? messagesIn(output.bytes) : []));
  return (said.find(({ type }) => type === "welcome") as Welcome).epoch;
}
