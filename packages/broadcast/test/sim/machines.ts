/** What the simulation puts to the test. */
import { ClientMachine, ServerMachine } from "../../src/core/index.js";
import { ClientProgram } from "./client-program.js";
import type { ClientMachineClass } from "./client-surroundings.js";
import type { StoreMutation } from "./durable-store.js";
import { ServerProgram } from "./server-program.js";
import type { ServerMachineClass } from "./server-surroundings.js";
import type { EngineMutation } from "./shared-engine.js";

/** What is put to the test: the shipped machines and the drivers of the harness, or one of them with a bug. */
export interface Machines {
  readonly ServerMachine: ServerMachineClass;
  readonly ClientMachine: ClientMachineClass;
  readonly Server: typeof ServerProgram;
  readonly Client: typeof ClientProgram;
  readonly store: StoreMutation;
  readonly engine: EngineMutation;
}

export const SHIPPED: Machines = {
  ServerMachine,
  ClientMachine,
  Server: ServerProgram,
  Client: ClientProgram,
  store: {},
  engine: {},
};
