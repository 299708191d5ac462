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
}

interface Follower {
  readonly room: string;
  readonly node: string;
  readonly incarnation: number;
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
  readonly #rooms = new Map<string, EngineRoom>();
  readonly #followers = new Set<Follower>();
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
        this.#world().command(
          node,
          {
            type: "shared",
            act: () => {
              const isAway = this.#world().now < this.#backAt;
              if (this.#world().node(node).incarnation !== incarnation) return undefined;
              if (!isAway && !(isLost && fate < fails / 2)) {
                if (request.op === "open") this.#follow(room, node, incarnation, followers);
                result = this.#perform(room, request, `${node} ${incarnation}`);
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

  #follow(room: string, node: string, incarnation: number, mine: Map<string, Follower>): void {
    const before = mine.get(room);
    if (before !== undefined) {
      before.isGone = true;
      this.#followers.delete(before);
    }
    const follower: Follower = { room, node, incarnation, isGone: false, at: this.#world().now };
    mine.set(room, follower);
    this.#followers.add(follower);
  }

  #perform(room: string, request: SharedRequest, gateway: string): SharedAnswer {
    if (request.op === "open") return this.#open(room, request.freshEpoch);
    const there = this.#rooms.get(room);
    if (there === undefined)
      throw new Error(`${gateway} asks for ${request.op} in room ${room}, which it has not opened`);
    return there.perform(request);
  }

  #open(room: string, freshEpoch: number): SharedAnswer {
    let there = this.#rooms.get(room);
    if (there === undefined) {
      const { history, maxSessions } = this.#options;
      const appended = (first: number, fresh: readonly SharedEntry[]): void =>
        this.#appended(room, freshEpoch, first, fresh);
      there = new EngineRoom(freshEpoch, { history, maxSessions, now: () => this.#world().now, appended });
      this.#rooms.set(room, there);
      this.#modelOf(room).opened(freshEpoch, false, 0, false);
    }
    return there.opened();
  }

  #appended(room: string, epoch: number, first: number, fresh: readonly SharedEntry[]): void {
    const model = this.#modelOf(room);
    for (const [i, entry] of fresh.entries()) model.pin(epoch, first + i, lineOf(entry));
    model.committed(first, fresh.length);
    for (const follower of this.#followers) {
      if (follower.room === room) this.#tell(follower, { type: "sharedEntries", room, first, entries: fresh });
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
