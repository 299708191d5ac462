import fc from "fast-check";
import { expect, test } from "vitest";
import { encode } from "../../src/core/codec.js";
import type { ClientMessage } from "../../src/core/messages.js";
import { checkConversations } from "./conversation.js";
import { bytesOf, sha256 } from "./fake-platform.js";
import { needed, Peer, V1Peer } from "./peers.js";
import { Rig } from "./rig.js";

const runs = Number(process.env["LAB_RUNS"] ?? 50);
const IDLE = { connections: 0, reserved: 0, running: 0, uploads: 0, pinned: 0 };
const SLOTS = 3;
const MAX_STORE_BYTES = 150_000;
const OPTIONS = {
  ...{ cores: 2, slots: SLOTS, allowV1: true, maxV1Waiting: 2, maxStoreBytes: MAX_STORE_BYTES, maxConnections: 6 },
  ...{ validForMs: 700, killMs: 300, heartbeatMs: 1_000, maxActionMs: 3_000, maxStreamBytes: 500_000, maxInputs: 5 },
};
const FILES = [bytesOf(""), bytesOf("small"), new Uint8Array(66_000).fill(1), new Uint8Array(70_000).fill(2)];
const ALL_EFFECTS = ["writeUpload", "endUpload", "start", "pull", "collect", "readOutput", "remove", "kill"] as const;

/** What happens next: what `what` names, to what `a` and `b` pick. */
const steps = fc.array(fc.tuple(fc.nat(34), fc.nat(1_000), fc.nat(1_000)), {
  ...{ maxLength: 120, size: "max" as const },
});

const pick = <Item>(items: readonly Item[], at: number): Item | undefined => items[at % Math.max(1, items.length)];

/** Clients, commands, the disk and the clock, each doing what it likes; the clients seldom break a rule on purpose. */
class World {
  readonly rig = new Rig(OPTIONS);
  readonly credit = new Map<Peer, Map<number, number>>();
  readonly #done = new Set<string>();
  #actions = 0;

  constructor() {
    for (const effect of ALL_EFFECTS) this.rig.held.add(effect);
  }

  get peers(): Peer[] {
    return [...this.rig.peers.values()].filter((peer): peer is Peer => peer instanceof Peer && this.#isHere(peer));
  }

  get v1Peers(): V1Peer[] {
    return [...this.rig.peers.values()].filter((peer): peer is V1Peer => peer instanceof V1Peer && this.#isHere(peer));
  }

  step(what: number, a: number, b: number): void {
    const { rig } = this;
    const peer = pick(this.peers, a);
    const v1 = pick(this.v1Peers, a);
    const run = pick(
      [...rig.runs.values()].filter(({ isRemoved, isStarted }) => isStarted && !isRemoved),
      a,
    );
    const bid = peer === undefined ? undefined : pick(peer.of("BID").slice(-2), b);
    const { actionId, reservation } = bid ?? { actionId: 1, reservation: 1 };
    if (what === 0) rig.connect();
    else if (what === 1) peer?.opens();
    else if (what === 2) rig.connectV1(b % 2 === 0 ? "v1-4" : "v1-8");
    else if (what === 3) (a % 3 === 0 ? (peer ?? v1) : v1)?.cut();
    else if (what <= 6) this.#quote(peer, b);
    else if (what <= 8) this.#send(peer, actionId, b);
    else if (what <= 10) this.#execute(peer, actionId, reservation, b);
    else if (what === 11) peer?.say({ type: "RELEASE", actionId, reservation });
    else if (what === 12) peer?.say({ type: "CANCEL", actionId });
    else if (what === 13) this.#give(peer, actionId, b * 100);
    else if (what === 14) run?.print(new Uint8Array(b % 4 === 0 ? b * 300 : b), a % 2 === 0 ? "stdout" : "stderr");
    else if (what === 15) run?.makes(`f${b}`, new Uint8Array((b % 5) * 20_000)).exits(b % 4 === 0 ? 1 : 0, b % 7 === 0);
    else if (what === 16) run?.closes(b % 2 === 0 ? "stdout" : "stderr");
    else if (what === 17) (peer ?? v1)?.[b % 2 === 0 ? "full" : "drained"]();
    else if (what === 18) this.#wait(b % 3 === 0 ? b : b % 100);
    else if (what === 19) v1?.file(`f${b}`, FILES[b % FILES.length] ?? "");
    else if (what === 20) v1?.executes("x");
    else if (what === 21) b % 10 === 0 && rig.lose([...rig.store.keys()][0] ?? "");
    else if (rig.pending.length > 0) rig.performAt(a % rig.pending.length);
  }

  /** What holds at any time. */
  check(): void {
    const { view, runs, store } = this.rig;
    expect(view.reserved + view.running).toBeLessThanOrEqual(SLOTS);
    expect(view.storeBytes).toBeLessThanOrEqual(MAX_STORE_BYTES);
    expect(view.storeFiles).toBeGreaterThanOrEqual(store.size);
    const open = [...this.rig.uploads.values()].reduce((bytes, { size }) => bytes + size, 0);
    expect(view.storeBytes + open).toBeLessThanOrEqual(MAX_STORE_BYTES);
    expect(view.connections).toBe([...this.rig.peers.values()].filter((peer) => this.#isHere(peer)).length);
    expect(view.connections).toBeLessThanOrEqual(OPTIONS.maxConnections);
    // Every process group that is not gone has a slot.
    const alive = [...runs.values()].filter(({ isStarted, isRemoved }) => isStarted && !isRemoved);
    expect(alive.length).toBeLessThanOrEqual(view.running);
  }

  checkConversations(): void {
    for (const peer of this.rig.peers.values()) {
      if (peer instanceof Peer) checkConversations(peer, this.credit.get(peer) ?? new Map());
    }
  }

  #isHere(peer: Peer | V1Peer): boolean {
    return peer.closed === undefined && !peer.isCut;
  }

  #wait(ms: number): void {
    for (const peer of this.peers) if (peer.of("WELCOME").length > 0) peer.say({ type: "PING", nonce: 1 });
    this.rig.wait(ms);
  }

  /** What a client does twice by mistake alone, it seldom does. */
  #isFirst(deed: string, b: number): boolean {
    const isFirst = !this.#done.has(deed);
    this.#done.add(deed);
    return isFirst || b % 50 === 0;
  }

  #quote(peer: Peer | undefined, b: number): void {
    if (peer === undefined || peer.of("WELCOME").length === 0) return;
    const inputs = FILES.filter((_, at) => b % 3 > 0 && (b >> at) % 4 === 1).map((bytes) => needed(bytes));
    peer.ask(++this.#actions, { inputs });
  }

  #send(peer: Peer | undefined, actionId: number, b: number): void {
    const [bid] = peer?.of("BID").filter((one) => one.actionId === actionId) ?? [];
    const bytes = FILES.find((one) => sha256(one) === pick(bid?.missing ?? [], b));
    if (peer === undefined || bytes === undefined || !this.#isFirst(`${actionId} ${sha256(bytes)}`, b)) return;
    peer.send(actionId, bytes, sha256(bytes), b % 3 === 0 ? 10_000 : 65_536);
  }

  #execute(peer: Peer | undefined, actionId: number, reservation: number, b: number): void {
    // A second one is right behind a MISSING.
    const missed = peer?.of("MISSING").filter((one) => one.actionId === actionId).length ?? 0;
    if (!this.#isFirst(`${actionId} execute ${missed}`, b)) return;
    const missing = peer?.of("BID").find((one) => one.actionId === actionId)?.missing ?? [];
    const inputs = missing.map((digest, at) => ({ path: `i${at}`, mode: 0o644, digest }));
    peer?.execute(actionId, reservation, { inputs });
  }

  #give(peer: Peer | undefined, actionId: number, bytes: number): void {
    if (peer === undefined || peer.of("WELCOME").length === 0) return;
    const given = this.credit.get(peer) ?? new Map<number, number>();
    this.credit.set(peer, given.set(actionId, (given.get(actionId) ?? 0) + bytes));
    peer.say({ type: "CREDIT", actionId, bytes });
  }
}

test("R15, R19, R24, R26, R45, R46: whatever clients do and in whatever order effects end, nothing is oversubscribed, and all is free at the end", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(steps, fc.boolean(), (all, isShutdown) => {
      const world = new World();
      const { rig } = world;
      rig.welcomed();
      rig.connectV1();
      for (const [what, a, b] of all) {
        world.step(what, a, b);
        world.check();
      }
      if (isShutdown) rig.tell({ type: "shutdown" });
      else for (const peer of [...world.peers, ...world.v1Peers]) peer.cut();
      expect(rig.view).toMatchObject({ connections: 0, reserved: 0 });
      rig.letGo();
      rig.wait(10_000);
      rig.letGo();
      world.check();
      world.checkConversations();
      expect(rig.view).toMatchObject(IDLE);
      expect([...rig.runs.values()].filter(({ removes }) => removes !== 1)).toEqual([]);
      expect(rig.uploads.size).toBe(0);
      expect(rig.idle).toBe(isShutdown ? 1 : 0);
      expect(rig.machine.nextDeadline()).toBeUndefined();
      for (const peer of rig.peers.values()) {
        if (peer instanceof Peer) for (const type of new Set(peer.types)) seen.set(type, (seen.get(type) ?? 0) + 1);
      }
    }),
    {
      numRuns: runs,
      examples: [
        // A whole attempt: quote, BLOB, its ACK, EXECUTE, a print, an output, the end.
        [
          [
            [4, 0, 2],
            [7, 0, 0],
            [24, 0, 0],
            [24, 0, 0],
            [9, 0, 0],
            [24, 0, 0],
            [14, 0, 9],
            [15, 0, 1],
            ...Array(20).fill([24, 0, 0]),
          ],
          false,
        ],
      ],
    },
  );
  // It gets somewhere: by its example, and by chance where there are chances enough.
  const byChance = runs < 50 ? [] : ["REFUSE", "EXPIRED", "MISSING"];
  for (const type of ["BID", "ACK", "STARTED", "STDOUT", "STATUS", "OUTPUT", "DONE", ...byChance]) {
    expect(seen.get(type) ?? 0, type).toBeGreaterThan(0);
  }
});

const digest = fc.constantFrom(...FILES.map((bytes) => sha256(bytes)), "0".repeat(64));
const id = fc.integer({ min: 1, max: 3 });
const text = fc.constantFrom("make", "", "x y");
/** What a client may say, rightly or wrongly. */
const anyMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({
    ...{ type: fc.constant("QUOTE" as const), actionId: id, kind: text, command: text, workMs: fc.nat() },
    inputs: fc.array(fc.record({ digest, size: fc.constantFrom(0, 5, 66_000, 2 ** 53 - 1) }), { maxLength: 6 }),
    resources: fc.subarray(["gpu"]),
  }),
  fc.record({
    ...{ type: fc.constant("BLOB" as const), actionId: id, digest, size: fc.constant(5), last: fc.constant(true) },
    ...{ offset: fc.constant(0), body: fc.uint8Array({ minLength: 5, maxLength: 5 }) },
  }),
  fc.record({
    ...{
      type: fc.constant("EXECUTE" as const),
      actionId: id,
      reservation: fc.nat(8),
      command: text,
      timeoutMs: fc.nat(),
    },
    inputs: fc.array(fc.record({ path: fc.constantFrom("a", "b", "a/b"), digest, mode: fc.nat(0o777) }), {
      maxLength: 3,
    }),
    outputs: fc.subarray(["*.o"]),
  }),
  fc.record({ type: fc.constant("CANCEL" as const), actionId: id }),
  fc.record({ type: fc.constant("RELEASE" as const), actionId: id, reservation: fc.nat(8) }),
  fc.record({ type: fc.constant("CREDIT" as const), actionId: id, bytes: fc.constantFrom(0, 1, 2 ** 53 - 1) }),
  fc.record({ type: fc.constantFrom("PING" as const, "PONG" as const), nonce: fc.nat() }),
  fc.constant({ type: "HELLO" as const, version: 2, features: 0, nonce: new Uint8Array(32) }),
);

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  anyMessage.map(encode),
  // A message of which one byte is another.
  fc.tuple(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([message, at, by]) => {
    const frame = encode(message);
    const index = at % frame.length;
    frame[index] = (frame[index] ?? 0) ^ by;
    return frame;
  }),
  // v1 in four bytes.
  fc.array(fc.nat(6), { maxLength: 8 }).map((words) => Uint8Array.from(words.flatMap((word) => [0, 0, 0, word]))),
);

test("R10, R15: whatever bytes a peer sends, in whatever pieces, the server does not throw, and it costs that connection alone", () => {
  fc.assert(
    fc.property(fc.constantFrom("new", "welcomed", "v1"), fc.array(anyBytes, { maxLength: 10 }), (how, chunks) => {
      const rig = new Rig({ cores: 4, allowV1: true, resources: ["gpu"], heartbeatMs: 1_000_000 });
      const good = rig.welcomed().start(1);
      const run = rig.run();
      const bad = how === "new" ? rig.connect() : how === "v1" ? rig.connectV1() : rig.welcomed();
      bad.isDeaf = true;
      for (const chunk of chunks) if (bad.closed === undefined) bad.write(chunk);
      run.print("fine").exits();
      expect(good.printed("STDOUT", 1)).toBe("fine");
      expect(good.types.slice(-2)).toEqual(["STATUS", "DONE"]);
      if (bad.closed === undefined) bad.cut();
      good.cut();
      rig.wait(10_000);
      expect(rig.view).toMatchObject(IDLE);
    }),
    { numRuns: runs * 5 },
  );
});

test("R15: how a conversation is cut into reads makes no difference", () => {
  const script = [
    { type: "HELLO", version: 2, features: 0, nonce: new Uint8Array(32) },
    { type: "AUTH", mac: new Uint8Array(32) },
    { type: "QUOTE", actionId: 1, kind: "", command: "make", workMs: 0, inputs: [needed("small")], resources: [] },
    { type: "CREDIT", actionId: 1, bytes: 5 },
    { type: "CANCEL", actionId: 1 },
    { type: "PING", nonce: 9 },
  ] as const satisfies readonly ClientMessage[];
  const bytes = script.flatMap((message) => [...encode(message)]);
  const said = (cuts: readonly number[]): string[] => {
    const peer = new Rig({ heartbeatMs: 1_000_000 }).connect();
    let from = 0;
    for (const cut of [...cuts.map((at) => at % bytes.length).sort((a, b) => a - b), bytes.length]) {
      if (cut > from) peer.write(Uint8Array.from(bytes.slice(from, cut)));
      from = cut;
    }
    return peer.types;
  };
  const whole = said([]);
  expect(whole).toEqual(["CHALLENGE", "WELCOME", "BID", "STATUS", "DONE", "PONG"]);
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 8 }), (cuts) => {
      expect(said(cuts)).toEqual(whole);
    }),
    { numRuns: runs },
  );
});
