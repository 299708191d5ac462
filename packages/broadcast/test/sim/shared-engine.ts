/**
 * The log that gateways share, as an object of the run (docs/broadcast.md B38 to B40): each request is done in one step at a time
 * of its own, and its answer comes later, or not. What is appended comes to every gateway that follows, in order.
 */
import { Random, type World } from "@lab/simnet";
import type { ServerInput, SharedAnswer, SharedEntry, SharedRequest } from "../../src/core/index.js";
import { EngineRoom } from "./engine-room.js";
import { lineOf, type RoomModel } from "./room-model.js";
import type { ServerCommand } from "./server-program.js";

export interface EngineOptions {
  readonly seed: number;
  /** Half of this is the way of a request, and half that of its answer, at most. */
  readonly maxDelayMs: number;
  /** Probability that the fate of a request is not known; it was done, or was not. */
  readonly fails: number;
  /** Newest entries that are held. */
  readonly history: number;
  readonly maxSessions: number;
  readonly mutation?: EngineMutation;
}

/** Bugs of the engine itself. */
export interface EngineMutation {
  /** It does not say that it is as it was before. */
  readonly keepsEpoch?: boolean;
}

interface Follower {
  readonly room: string;
  readonly node: string;
  readonly incarnation: number;
  /** That the gateway knows. */
  readonly epoch: number;
  isGone: boolean;
  /** What comes later does not overtake. */
  at: number;
}

/** A gateway's connection to the engine. */
export interface SharedLink {
  /** @param answer to be handed in after so many milliseconds */
  ask(
    now: number,
    room: string,
    id: number,
    request: SharedRequest,
    answer: (afterMs: number, input: () => ServerInput) => void,
  ): void;
  forget(room: string): void;
}

export class SharedEngine {
  readonly #options: EngineOptions;
  readonly #random: Random;
  readonly #world: () => World;
  readonly #modelOf: (room: string) => RoomModel;
  #rooms = new Map<string, EngineRoom>();
  /** By the time at which they were saved. */
  readonly #saved = new Map<number, ReadonlyMap<string, EngineRoom>>();
  readonly #followers = new Set<Follower>();
  /** How often it went back. */
  restores = 0;
  /** Nobody reaches it before. */
  #backAt = 0;

  constructor(options: EngineOptions, world: () => World, modelOf: (room: string) => RoomModel) {
    this.#options = options;
    this.#random = new Random(`engine ${options.seed}`);
    this.#world = world;
    this.#modelOf = modelOf;
  }

  /** For so long nobody reaches it, and whoever follows it is told that it is lost. */
  goAway(forMs: number): void {
    this.#backAt = this.#world().now + forMs;
    for (const follower of this.#followers) this.#lose(follower, "the engine is out of reach");
  }

  /** What `restore` goes back to. */
  save(): void {
    this.#saved.set(this.#world().now, new Map([...this.#rooms].map(([room, there]) => [room, there.copy()])));
  }

  /**
   * All is as it was saved then, where nothing was as if it were new: each room goes on in another epoch (B40).
   * @param isTold whoever follows it is told at once; else when it asks for something
   */
  restore(savedAtMs: number, isTold: boolean): void {
    this.restores++;
    const keepsEpoch = this.#options.mutation?.keepsEpoch === true;
    const old = this.#rooms;
    const epochOf = (room: string): number | undefined => (keepsEpoch ? old.get(room)?.epoch : undefined);
    this.#rooms = new Map();
    for (const [room, there] of this.#saved.get(savedAtMs) ?? []) {
      const restored = there.copy(epochOf(room));
      restored.isRestored = !keepsEpoch;
      this.#rooms.set(room, restored);
    }
    if (keepsEpoch) {
      for (const [room, { epoch }] of old) if (!this.#rooms.has(room)) this.#make(room, epoch);
    }
    if (isTold) for (const follower of this.#followers) this.#lose(follower, "the log is another");
  }

  /** The member of a session that still has this owner. */
  ownedMember(room: string, clientId: string, owner: string): number | undefined {
    return this.#rooms.get(room)?.ownedMember(clientId, owner);
  }

  link(node: string, incarnation: number): SharedLink {
    /** The last answer for each client id: requests and answers of one are in order. */
    const chains = new Map<string, { doneAt: number; answeredAt: number }>();
    const followers = new Map<string, Follower>();
    for (const old of this.#followers) if (old.node === node) this.#followers.delete(old);
    return {
      ask: (_now, room, id, request, answer) => {
        const { now } = this.#world();
        const key = "clientId" in request ? request.clientId : request.op;
        const chain = chains.get(key) ?? { doneAt: 0, answeredAt: 0 };
        chains.set(key, chain);
        const { maxDelayMs, fails } = this.#options;
        chain.doneAt = Math.max(chain.doneAt, now + (this.#random.unit() * maxDelayMs) / 2);
        chain.answeredAt = Math.max(chain.answeredAt, chain.doneAt + (this.#random.unit() * maxDelayMs) / 2);
        const fate = this.#random.unit();
        const { doneAt, answeredAt } = chain;
        let result: SharedAnswer | undefined;
        const isLost = fate < fails;
        const asker = followers.get(room);
        this.#world().command(
          node,
          {
            type: "shared",
            act: () => {
              const isAway = this.#world().now < this.#backAt;
              if (this.#world().node(node).incarnation !== incarnation) return undefined;
              if (!isAway && !(isLost && fate < fails / 2)) {
                if (request.op === "open") {
                  const there = this.#opened(room, request.freshEpoch);
                  this.#follow(room, there.epoch, node, incarnation, followers);
                  result = there.opened();
                } else result = this.#perform(room, request, asker);
              }
              if (isLost) result = undefined;
              return undefined;
            },
          } satisfies ServerCommand,
          doneAt,
        );
        answer(answeredAt - now, () =>
          result === undefined
            ? { type: "sharedFailed", room, id, message: "no answer" }
            : { type: "shared", room, id, answer: result },
        );
      },
      forget: (room) => {
        const follower = followers.get(room);
        if (follower !== undefined) {
          follower.isGone = true;
          this.#followers.delete(follower);
        }
      },
    };
  }

  #follow(room: string, epoch: number, node: string, incarnation: number, mine: Map<string, Follower>): void {
    const before = mine.get(room);
    if (before !== undefined) {
      before.isGone = true;
      this.#followers.delete(before);
    }
    const follower: Follower = { room, epoch, node, incarnation, isGone: false, at: this.#world().now };
    mine.set(room, follower);
    this.#followers.add(follower);
  }

  /** What is asked by who knows another epoch is not done, and who asks it is told. */
  #perform(
    room: string,
    request: Exclude<SharedRequest, { op: "open" }>,
    asker: Follower | undefined,
  ): SharedAnswer | undefined {
    if (asker === undefined) throw new Error(`${request.op} is asked in room ${room}, which was not opened`);
    const there = this.#rooms.get(room);
    if (there !== undefined && !there.isRestored && there.epoch === asker.epoch) return there.perform(request);
    if (!asker.isGone) this.#lose(asker, "the log has another epoch");
    return undefined;
  }

  #opened(room: string, freshEpoch: number): EngineRoom {
    const there = this.#rooms.get(room);
    if (there?.isRestored === true) {
      this.#modelOf(room).began(freshEpoch, there.head, there.epoch);
      there.goOnIn(freshEpoch);
    }
    if (there !== undefined) return there;
    this.#modelOf(room).began(freshEpoch, 0, 0);
    return this.#make(room, freshEpoch);
  }

  #make(room: string, epoch: number): EngineRoom {
    const { history, maxSessions } = this.#options;
    const made = new EngineRoom(epoch, {
      ...{ history, maxSessions, now: () => this.#world().now },
      appended: (...what) => this.#appended(room, ...what),
    });
    this.#rooms.set(room, made);
    return made;
  }

  #appended(room: string, epoch: number, first: number, fresh: readonly SharedEntry[]): void {
    const model = this.#modelOf(room);
    for (const [i, entry] of fresh.entries()) model.pin(epoch, first + i, lineOf(entry));
    model.committed(first, fresh.length);
    for (const follower of this.#followers) {
      if (follower.room !== room || follower.epoch !== epoch) continue;
      this.#tell(follower, { type: "sharedEntries", room, first, entries: fresh });
    }
  }

  #lose(follower: Follower, message: string): void {
    this.#tell(follower, { type: "sharedLost", room: follower.room, message });
    follower.isGone = true;
    this.#followers.delete(follower);
  }

  #tell(follower: Follower, input: ServerInput): void {
    const world = this.#world();
    follower.at = Math.max(follower.at, world.now + (this.#random.unit() * this.#options.maxDelayMs) / 2);
    const isLast = input.type === "sharedLost";
    const act = (): ServerInput | undefined => {
      const isThere = world.node(follower.node).incarnation === follower.incarnation;
      return isThere && (isLast || !follower.isGone) ? input : undefined;
    };
    world.command(follower.node, { type: "shared", act } satisfies ServerCommand, follower.at);
  }
}
