/**
 * Bugs of the simulator and the proxies, each one rule of the shipped code changed for the time of a scenario, and the
 * scenarios that must notice them (test/mutants.e2e.test.ts, and `pnpm --filter @lab/simnet mutants` for the table).
 */

import { DatagramNetwork } from "../src/core/datagram-network.js";
import { Disk } from "../src/core/disk.js";
import { type FaultSchedule, Random, World, type WorldOptions } from "../src/core/index.js";
import { LinkModel } from "../src/core/link-model.js";
import { LinkTable } from "../src/core/link-table.js";
import { NodeClock } from "../src/core/node-clock.js";
import { SimulatedNode } from "../src/core/simulated-node.js";
import { StreamModel } from "../src/core/stream-model.js";
import { StreamNetwork } from "../src/core/stream-network.js";
import { StreamReceiver } from "../src/core/stream-receiver.js";
import { StreamSender } from "../src/core/stream-sender.js";
import { Timeline } from "../src/core/timeline.js";
import { TraceRecorder } from "../src/core/trace-recorder.js";
import { TcpHalf } from "../src/node/tcp-half.js";
import { TcpProxy } from "../src/node/tcp-proxy.js";
import { UdpFlow } from "../src/node/udp-flow.js";
import { UdpProxy } from "../src/node/udp-proxy.js";
import { datagramProbe, kinds, type Probe, payload, probe } from "./probe.js";
import { TcpPeer, TcpServer } from "./tcp-peers.js";
import { client, server } from "./transfer.js";
import { UdpPeer } from "./udp-peers.js";

/** What came of it, in a text; and what should have. */
type Outcome = readonly [actual: unknown, expected: unknown];

/** By name: what holds of the shipped code. */
const SCENARIOS: Readonly<Record<string, () => Outcome | Promise<Outcome>>> = {
  "N1: what is asked for first happens first": () => {
    const node = probe();
    const world = new World({ nodes: { a: node.create } });
    for (const command of ["first", "second", "third"]) world.command("a", command, 5);
    world.run();
    const said = node.told.flatMap(({ input }) => (input.type === "command" ? [input.command] : []));
    return [said, ["first", "second", "third"]];
  },
  "N2: opposite links draw different numbers": () => {
    const delays = (from: string, to: string): number[] => datagrams(from, to, 5, { impairments: { jitterMs: 50 } });
    return [String(delays("a", "b")) === String(delays("b", "a")), false];
  },
  "N5: a tick comes at its deadline": () => {
    const node = probe((input) => {
      if (input.type === "tick") node.deadline = undefined;
      return undefined;
    });
    node.deadline = 100;
    new World({ nodes: { a: { create: node.create, rate: 2, skewMs: 10 } } }).run();
    return [node.told.at(-1)?.now, 100];
  },
  "N7: a packet takes its time on the line and the latency": () => [
    datagrams("a", "b", 2, { impairments: { latencyMs: 20, bytesPerSecond: 1_000 } }, 50),
    [70, 120],
  ],
  "N8: jitter keeps the order": () => {
    const times = datagrams("a", "b", 50, { impairments: { jitterMs: 30 } });
    return [times, [...times].sort((one, other) => one - other)];
  },
  "N9: every datagram arrives, or is lost for a reason": () => {
    const [a, b] = [datagramProbe(), probe()];
    const world = new World({ nodes: { a: a.create, b: b.create } });
    world.command("a", { to: "b", bytes: payload(1) });
    world.run();
    return [world.trace.map(({ type }) => type).filter((type) => type.startsWith("datagram")).length, 2];
  },
  "N10: a program may change what it is given": () => {
    const b = probe((input) => {
      if (input.type === "datagram") input.bytes.fill(9);
      return input.type === "start" ? [{ type: "bind", port: 2 }] : undefined;
    });
    const world = new World({ nodes: { a: datagramProbe().create, b: b.create } });
    world.command("a", { to: "b", bytes: payload(3, 1) });
    world.run();
    const arrived = world.trace.find(({ type }) => type === "datagram-arrived") as { readonly bytes: Uint8Array };
    return [[...arrived.bytes], [...payload(3, 1)]];
  },
  "N11: bytes arrive in order, once and complete, over a bad link": () => {
    const sent = payload(20_000);
    const [from, to] = [client({ writes: [sent] }), server({ writes: [] })];
    const impairments = { latencyMs: 5, drop: 0.1, reorder: 0.1 };
    const nodes = { server: to.probe.create, client: from.probe.create };
    new World({ seed: 1, nodes, impairments }).run();
    return [
      [to.closed, to.received.length, to.received.every((byte, at) => byte === sent[at])],
      ["ended", 20_000, true],
    ];
  },
  "N15: what a paused reader has no room for stays unsent": () => {
    const writer = client({ writes: [payload(500_000)] });
    const reader = probe((input) => {
      if (input.type === "start") return [{ type: "listen", port: 80 }];
      return input.type === "accepted" ? [{ type: "pause", connection: input.connection }] : undefined;
    });
    const world = new World({ nodes: { server: reader.create, client: writer.probe.create } });
    world.run({ untilMs: 1_000 });
    return [world.unsentBytes("client", 1), 500_000 - 65_536];
  },
  "N17: the host of a program that was killed resets its connections": () => {
    const [from, to] = [client({ writes: [], endsLast: true }), server({ writes: [], endsLast: true })];
    const faults: FaultSchedule = [{ type: "crash", node: "server", atMs: 50, host: "up" }];
    new World({ nodes: { server: to.probe.create, client: from.probe.create }, faults }).run();
    return [from.closed, "reset"];
  },
  "N20: a packet fault moves no draw": () => {
    const options: WorldOptions = { impairments: { jitterMs: 50 } };
    const faults: FaultSchedule = [{ type: "drop", from: "a", to: "b", index: 1 }];
    const spaced = (given: WorldOptions): number[] => datagrams("a", "b", 5, given, 1, 100);
    return [spaced({ ...options, faults }), spaced(options).slice(1)];
  },
  "N21: where cuts overlap, the link heals with the last": () => {
    const cut = (atMs: number, forMs: number) => ({ type: "cut", from: "a", to: "b", atMs, forMs }) as const;
    return [datagrams("a", "b", 5, { faults: [cut(50, 100), cut(100, 150)] }, 1, 100), [0, 300, 400]];
  },
  "N22: a crash takes what was stored, where the fault says so": () => {
    const found: number[] = [];
    const node = probe((input, _, { durable }) => {
      if (input.type === "start") found.push(durable.size);
      durable.set("key", 1);
      return undefined;
    });
    const faults: FaultSchedule = [{ type: "crash", node: "a", atMs: 5, restartAfterMs: 5, durable: "lost" }];
    new World({ nodes: { a: node.create }, faults }).run();
    return [found, [0, 0]];
  },
  "N79: a crash of the program alone is no other boot": () => {
    const boots: number[] = [];
    const node = probe((_input, _now, { boot }) => {
      boots.push(boot);
      return undefined;
    });
    const crash = { type: "crash", node: "a", restartAfterMs: 1 } as const;
    const faults: FaultSchedule = [
      { ...crash, atMs: 5, host: "up" },
      { ...crash, atMs: 10, host: "down" },
    ];
    new World({ nodes: { a: node.create }, faults }).run();
    return [boots, [1, 1, 2]];
  },
  "N22: a crash takes the ports": () => {
    let starts = 0;
    const b = probe((input) => (input.type === "start" && starts++ === 0 ? [{ type: "bind", port: 2 }] : undefined));
    const faults: FaultSchedule = [{ type: "crash", node: "b", atMs: 5, restartAfterMs: 0 }];
    const world = new World({ nodes: { a: datagramProbe().create, b: b.create }, faults });
    world.command("a", { to: "b", bytes: payload(1) }, 10);
    world.run();
    return [kinds(b.told), []];
  },
  "N23: what comes in a pause is given afterwards": () => {
    const faults: FaultSchedule = [{ type: "pause", node: "b", atMs: 50, forMs: 200 }];
    return [datagrams("a", "b", 4, { faults }, 1, 100), [0, 250, 250, 300]];
  },
  "N25: a trace is kept up to its bound": () => {
    const world = new World({ nodes: { a: probe().create }, trace: 2 });
    for (let at = 0; at < 9; at++) world.command("a", "x", at);
    world.run();
    return [
      [world.trace.length, world.traceOmitted],
      [2, 8],
    ];
  },
  "N72: while a machine sleeps its clock stands, and nothing arrives": () => {
    const faults: FaultSchedule = [{ type: "suspend", node: "b", atMs: 50, forMs: 200 }];
    return [datagrams("a", "b", 4, { faults }, 1, 100), [0, 100]];
  },
  "N74: what was not synced is lost in a crash": () => {
    const found: unknown[] = [];
    const node = probe((input, _, { durable }) => {
      if (input.type === "start") found.push(durable.get("key"));
      return input.type === "command" ? [{ type: "store", key: "key", value: 1, token: 1 }] : undefined;
    });
    const faults: FaultSchedule = [{ type: "crash", node: "a", atMs: 50, restartAfterMs: 5 }];
    const world = new World({ nodes: { a: { create: node.create, disk: { latencyMs: 100 } } }, faults });
    world.command("a", "store", 10);
    world.run();
    return [found.map(String), ["undefined", "undefined"]];
  },
  "N75: the tick that was missed comes after the messages": () => {
    const node = probe((input) => {
      if (input.type === "tick") node.deadline = undefined;
      return input.type === "start" ? [{ type: "listen", port: 80 }] : undefined;
    });
    node.deadline = 200;
    const faults: FaultSchedule = [{ type: "pause", node: "server", atMs: 50, forMs: 500 }];
    const [from, to] = [client({ writes: [payload(9)] }), node];
    const impairments = { latencyMs: 40 };
    new World({ nodes: { server: to.create, client: from.probe.create }, faults, impairments }).run({ untilMs: 600 });
    return [kinds(to.told), ["accepted", "bytes", "end", "tick"]];
  },
  "N76: cuts heal in the calm": () => {
    const faults: FaultSchedule = [{ type: "cut", from: "a", to: "b", atMs: 50 }];
    return [datagrams("a", "b", 4, { faults, calmAtMs: 250 }, 1, 100), [0, 300]];
  },
  "N50: a datagram crosses the proxy whole": async () => {
    await using target = await UdpPeer.open();
    await using sender = await UdpPeer.open();
    await using proxy = new UdpProxy({ to: { port: target.port } });
    await sender.send((await proxy.listen()).port, Buffer.alloc(9_000));
    await target.hears(1);
    return [target.heard[0]?.length, 9_000];
  },
  "N51: clients meet fates of their own": async () => {
    await using target = await UdpPeer.open();
    const lost: Record<string, string[]> = {};
    await using proxy = new UdpProxy({
      to: { port: target.port },
      toServer: { drop: 0.5 },
      seed: 1,
      onEvent: (event) => {
        if (event.type !== "datagram-sent" && event.type !== "datagram-lost") return;
        const fates = lost[event.from.node] ?? [];
        lost[event.from.node] = event.type === "datagram-sent" ? [...fates, "sent"] : [...fates.slice(0, -1), "lost"];
      },
    });
    const { port } = await proxy.listen();
    for (let clients = 1; clients <= 2; clients++) {
      await using sender = await UdpPeer.open();
      await sender.send(port, ...Array.from({ length: 40 }, () => "x"));
      while (proxy.counters("to-server").received < 40 * clients) await turn();
    }
    return [String(lost["client-1"]) === String(lost["client-2"]), false];
  },
  "N59: the fate of a byte does not depend on how bytes are written": () => {
    const through = (parts: number): number[] => {
      const model = new StreamModel({ corrupt: 0.5, segmentBytes: [1, 9] }, new Random(3));
      const bytes = payload(120);
      const pieces = Array.from({ length: parts }, (_, at) =>
        bytes.subarray((at * 120) / parts, ((at + 1) * 120) / parts),
      );
      return pieces.flatMap((part) => model.offer(0, part).flatMap((piece) => [...piece.bytes]));
    };
    return [through(8), through(1)];
  },
  "N60: an end waits for the bytes before it": () => {
    const model = new StreamModel({ latencyMs: 10, drop: 1 }, new Random(1));
    const last = model.offer(0, payload(10)).at(-1)?.at ?? 0;
    return [model.end(1) >= last, true];
  },
  "N64: a connection is cut after exactly so many bytes": async () => {
    await using target = await TcpServer.echo();
    const cutAfter = { direction: "to-client", bytes: 4, how: "reset" } as const;
    await using proxy = new TcpProxy({ to: { port: target.port }, cutAfter });
    await using sender = await TcpPeer.connect((await proxy.listen()).port);
    sender.socket.write("a message");
    await sender.closed;
    return [sender.text, "a me"];
  },
};

/** Sends numbered datagrams from one node to another; when they arrive. */
function datagrams(from: string, to: string, count: number, options: WorldOptions, length = 1, everyMs = 0): number[] {
  const probes: Record<string, Probe> = { a: datagramProbe(), b: datagramProbe() };
  const nodes = Object.fromEntries(Object.entries(probes).map(([name, { create }]) => [name, create]));
  const world = new World({ seed: 1, ...options, nodes });
  for (let index = 0; index < count; index++)
    world.command(from, { to, bytes: payload(length, index) }, index * everyMs);
  world.run();
  const arrived = (probes[to] as Probe).told.filter(({ input }) => input.type === "datagram");
  const first = (bytes: Uint8Array): number => bytes[0] ?? 0;
  const inOrder = arrived.map(({ now, input }) => ({
    now,
    number: input.type === "datagram" ? first(input.bytes) : 0,
  }));
  return inOrder.sort((one, other) => one.number - other.number).map(({ now }) => now);
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export interface Mutant {
  /** The rule that it breaks, and how. */
  readonly bug: string;
  /** Puts the bug in; answers how to take it out again. */
  readonly apply: () => () => void;
}

type Method = (...args: never[]) => unknown;

/** A mutant that replaces a method for all objects of a class. */
function mutant<Class extends { prototype: object }, Name extends keyof Class["prototype"] & string>(
  bug: string,
  { prototype }: Class,
  name: Name,
  change: (original: Class["prototype"][Name], self: Class["prototype"]) => Class["prototype"][Name],
): Mutant {
  return {
    bug,
    apply: () => {
      const shipped = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
      const bound = function (this: Class["prototype"], ...args: never[]): unknown {
        const original = ((...given: never[]) =>
          (shipped.value as Method).apply(this, given)) as Class["prototype"][Name];
        return (change(original, this) as Method)(...args);
      };
      const get = function (this: Class["prototype"]): unknown {
        return change(shipped.get?.call(this) as Class["prototype"][Name], this);
      };
      const changed = shipped.get === undefined ? { ...shipped, value: bound } : { ...shipped, get };
      Object.defineProperty(prototype, name, changed);
      return () => void Object.defineProperty(prototype, name, shipped);
    },
  };
}

let count = 0;

export const MUTANTS: readonly Mutant[] = [
  mutant(
    "N1: the last one first",
    Timeline,
    "schedule",
    (schedule) => (at, event) => schedule(at + 1e-3 / ++count, event),
  ),
  mutant("N2: one source for all", Random, "fork", (fork) => () => fork("all")),
  mutant("N5: woken a millisecond late", NodeClock, "worldTimeOf", (of) => (own) => of(own) + 1),
  mutant(
    "N7: no latency",
    LinkModel,
    "offer",
    (offer, { impairments }) =>
      (...args) =>
        offer(...args).map((fate) => (fate.type === "lost" ? fate : { ...fate, at: fate.at - impairments.latencyMs })),
  ),
  mutant(
    "N8: jitter turns packets around",
    LinkModel,
    "offer",
    (offer) =>
      (...args) =>
        offer(...args).map((fate) => (fate.type === "lost" ? fate : { ...fate, at: fate.at + (++count % 2) * 40 })),
  ),
  mutant("N9: nobody bound, and not a word", TraceRecorder, "record", (record) => (event) => {
    if (event.type !== "datagram-lost" || event.why !== "port") record(event);
  }),
  mutant("N10: programs are given the trace's own bytes", DatagramNetwork, "arrived", (arrived) => (event) => {
    event.bytes.slice = () => event.bytes as Uint8Array<ArrayBuffer>;
    arrived(event);
  }),
  mutant(
    "N11: what comes first is taken for the next",
    StreamReceiver,
    "accept",
    (accept, { expected }) =>
      (segment) =>
        accept({
          ...segment,
          sequence: Math.max(segment.sequence, expected) === segment.sequence ? expected : segment.sequence,
        }),
  ),
  mutant(
    "N11: an acknowledgement counts for all",
    StreamSender,
    "acknowledge",
    (acknowledge, { next }) =>
      (now, _, ...rest) =>
        acknowledge(now, next, ...rest),
  ),
  mutant("N15: room for everything", StreamReceiver, "limit", () => 1e9),
  mutant("N17: nobody hears of a kill", StreamNetwork, "crashed", (crashed) => (node) => crashed(node, "down")),
  mutant(
    "N20: a dropped packet draws nothing",
    LinkModel,
    "offer",
    (offer) => (now, bytes, forced) =>
      forced?.drop === true ? [{ type: "lost", why: "drop" }] : offer(now, bytes, forced),
  ),
  mutant("N21: the first end of a cut heals", LinkTable, "heal", (heal) => (from, to) => {
    heal(from, to);
    return heal(from, to);
  }),
  mutant("N22: what was stored is never lost", SimulatedNode, "crash", (crash) => (_, host) => crash("kept", host)),
  mutant("N22: ports outlive a crash", SimulatedNode, "crash", (crash, { bound }) => (durable, host) => {
    const ports = [...bound];
    crash(durable, host);
    for (const port of ports) bound.add(port);
  }),
  mutant(
    "N23: what comes in a pause is lost",
    SimulatedNode,
    "deliver",
    (deliver, node) => (input) => node.state === "up" && deliver(input),
  ),
  mutant("N25: a trace without a bound", TraceRecorder, "record", (_, recorder) => (event) => {
    recorder.events.push(event);
  }),
  mutant("N79: every crash takes the host", SimulatedNode, "crash", (crash) => (durable) => crash(durable, "down")),
  mutant("N72: the clock of a machine that sleeps goes on", NodeClock, "stand", () => () => {}),
  mutant("N72: a machine that sleeps is reached", SimulatedNode, "isAsleep", () => false),
  mutant("N74: it is there before it is synced", Disk, "write", (write, { content }) => (one) => {
    content.set(one.key, one.value);
    write(one);
  }),
  mutant("N75: timers never wait", StreamNetwork, "hasNews", () => () => false),
  mutant("N76: a cut outlasts the calm", LinkTable, "calm", () => () => {}),
  mutant(
    "N50: datagrams are cut at 1,400 bytes",
    UdpFlow,
    "send",
    (send) => (bytes, done) => send(bytes.subarray(0, 1_400), done),
  ),
  mutant(
    "N51: all clients draw the same",
    Random,
    "fork",
    (fork) => (label) => fork(label.replace(/client \d+/, "client")),
  ),
  mutant("N59: the first byte of every write is hit", StreamModel, "offer", (offer) => (now, bytes, ...rest) => {
    const changed = Uint8Array.from(bytes);
    changed[0] = (changed[0] ?? 0) ^ 1;
    return offer(now, changed, ...rest);
  }),
  mutant("N60: an end overtakes", StreamModel, "end", () => (now) => now),
  mutant("N64: one byte too many", TcpHalf, "limit", (limit) => (bytes, reached) => limit(bytes + 1, reached)),
];

export interface Verdict {
  readonly bug: string;
  /** Scenarios of the bug's rule that notice it, each with what it saw. */
  readonly killedBy: readonly string[];
}

/** What scenarios of a rule (default: all) see of what should not be. */
export async function failures(rule = ""): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (!name.startsWith(rule)) continue;
    const seen = await Promise.resolve()
      .then(scenario)
      .then(
        ([actual, expected]) => {
          const [saw, wanted] = [actual, expected].map((one) => JSON.stringify(one) ?? "nothing");
          return saw === wanted ? undefined : saw;
        },
        (error: Error) => error.message,
      );
    if (seen !== undefined) failed.push(`${name} (${seen.slice(0, 60)})`);
  }
  return failed;
}

export async function judge({ bug, apply }: Mutant): Promise<Verdict> {
  const restore = apply();
  try {
    return { bug, killedBy: await failures(bug.slice(0, bug.indexOf(":") + 1)) };
  } finally {
    restore();
  }
}
