/** The client's machine and the server's, each the shipped one, in one world. */
import { expect } from "vitest";
import type { Plan, ServerView } from "../../src/core/index.js";
import { FakeWorld, type WorldOptions } from "../build/fake-world.js";
import { fault } from "../build/invariants.js";
import { type ActionText, planOf } from "../build/plan-of.js";
import { RealServer, type RealServerOptions } from "./real-server.js";

export const IDLE: Partial<ServerView> = { connections: 0, reserved: 0, running: 0, uploads: 0, pinned: 0 };

export interface PairOptions extends Omit<WorldOptions, "hosts" | "servers"> {
  readonly servers?: readonly RealServerOptions[];
}

export class Pair {
  readonly plan: Plan;
  readonly world: FakeWorld;
  readonly servers: RealServer[] = [];

  constructor(sets: readonly (readonly ActionText[])[], { servers = [{}], ...options }: PairOptions = {}) {
    this.plan = planOf(sets, servers.length);
    this.world = new FakeWorld(this.plan, {
      ...options,
      hosts: (network, index) => {
        const server = new RealServer(network, servers[index]);
        this.servers.push(server);
        return server;
      },
    });
  }

  server(index = 0): RealServer {
    return this.servers[index] as RealServer;
  }

  /** Builds to the end; what must hold does, and every server is idle soon after it. */
  run(): this {
    this.world.run();
    expect(fault(this.world, this.plan)).toBeUndefined();
    return this.rests();
  }

  /** Nothing is left at any server. */
  rests(): this {
    this.world.settle(20_000);
    for (const { rig } of this.servers) {
      expect(rig.view).toMatchObject(IDLE);
      expect([...rig.runs.values()].every(({ isRemoved }) => isRemoved)).toBe(true);
    }
    return this;
  }
}
