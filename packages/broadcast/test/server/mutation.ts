/** How a rule of the server machine is broken for a test: by what it says and hears, by its options, or by a part that is patched for a while. */
import type { Message } from "../../src/core/messages.js";
import type { Platform } from "../../src/core/platform.js";
import type { ServerInput, ServerOutput } from "../../src/core/server-contract.js";
import { ServerMachine } from "../../src/core/server-machine.js";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { RewritingServer } from "../sim/rewriting-server.js";
import { Rig } from "./rig.js";

/** Breaks the machine; answers what mends it. */
export type Mutation = () => () => void;

type Method = (...args: never[]) => unknown;

/** A method of a class does another thing. */
export function patched<Shipped extends Method>(
  { prototype }: { readonly prototype: object },
  name: string,
  make: (shipped: Shipped) => Shipped,
): Mutation {
  return () => {
    const shipped = Object.getOwnPropertyDescriptor(prototype, name);
    if (typeof shipped?.value !== "function") throw new Error(`there is no method ${name}`);
    Object.defineProperty(prototype, name, { ...shipped, value: make(shipped.value as Shipped) });
    return () => Object.defineProperty(prototype, name, shipped);
  };
}

/** A getter of a class says another thing. */
export function saying<Of extends object>(
  { prototype }: { readonly prototype: Of },
  name: string,
  value: (of: Of) => unknown,
): Mutation {
  return () => {
    const shipped = Object.getOwnPropertyDescriptor(prototype, name);
    if (shipped?.get === undefined) throw new Error(`there is no getter ${name}`);
    Object.defineProperty(prototype, name, {
      ...shipped,
      get(this: Of) {
        return value(this);
      },
    });
    return () => Object.defineProperty(prototype, name, shipped);
  };
}

export function machine(Machine: typeof Rig.Machine): Mutation {
  return () => {
    const shipped = Rig.Machine;
    Rig.Machine = Machine;
    return () => {
      Rig.Machine = shipped;
    };
  };
}

/** Takes options for others. */
export function options(change: (options: ServerMachineOptions) => ServerMachineOptions): Mutation {
  return machine(
    class extends ServerMachine {
      constructor(now: number, given: ServerMachineOptions, platform: Platform) {
        super(now, { ...given, ...change(given) }, platform);
      }
    },
  );
}

/** Says another thing; undefined: nothing. */
export function says(change: (message: Message) => Message | undefined): Mutation {
  return machine(
    class extends RewritingServer {
      protected override said(_connection: number, message: Message): Message | undefined {
        return change(message);
      }
    },
  );
}

/** Asks for other things to be done, or in another order. */
export function performs(change: (outputs: ServerOutput[], input: ServerInput) => ServerOutput[]): Mutation {
  return machine(
    class extends ServerMachine {
      override handle(now: number, input: ServerInput): ServerOutput[] {
        return change(super.handle(now, input), input);
      }
    },
  );
}

/** Does not hear of something. */
export function deafTo(isUnheard: (input: ServerInput) => boolean): Mutation {
  return machine(
    class extends ServerMachine {
      override handle(now: number, input: ServerInput): ServerOutput[] {
        return isUnheard(input) ? [] : super.handle(now, input);
      }
    },
  );
}
