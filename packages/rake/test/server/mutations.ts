/** Ways to change one thing of the server's shipped code, and to mend it again. */
import type { ServerMessage } from "../../src/core/messages.js";
import type { Platform } from "../../src/core/platform.js";
import type { ServerInput, ServerOutput } from "../../src/core/server-contract.js";
import { ServerMachine } from "../../src/core/server-machine.js";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { ServerSession } from "../../src/core/server-session.js";
import { Rig } from "./rig.js";

/** Breaks the machine; answers what mends it. */
export type Mutation = () => () => void;

type Method = (...args: never[]) => unknown;

/** A method of a class does another thing. */
export function patched<Shipped extends Method>(
  { prototype }: { readonly prototype: object },
  name: string,
  make: (shipped: Shipped) => Method,
): Mutation {
  return () => {
    const shipped = Object.getOwnPropertyDescriptor(prototype, name);
    if (typeof shipped?.value !== "function") throw new Error(`there is no method ${name}`);
    Object.defineProperty(prototype, name, { ...shipped, value: make(shipped.value as Shipped) });
    return () => Object.defineProperty(prototype, name, shipped);
  };
}

const machine = (Machine: typeof ServerMachine): Mutation => {
  return () => {
    const shipped = Rig.Machine;
    Rig.Machine = Machine;
    return () => {
      Rig.Machine = shipped;
    };
  };
};

/** Takes options for others. */
export const options = (change: ServerMachineOptions): Mutation =>
  machine(
    class extends ServerMachine {
      constructor(
        given: ServerMachineOptions,
        platform: Platform,
        stored?: ConstructorParameters<typeof ServerMachine>[2],
      ) {
        super({ ...given, ...change }, platform, stored);
      }
    },
  );

/** Asks for other things to be done. */
export const performs = (change: (outputs: ServerOutput[], input: ServerInput) => ServerOutput[]): Mutation =>
  machine(
    class extends ServerMachine {
      override handle(now: number, input: ServerInput): ServerOutput[] {
        return change(super.handle(now, input), input);
      }
    },
  );

/** Says another thing; undefined: nothing. */
export const says = (change: (message: ServerMessage) => ServerMessage | undefined): Mutation =>
  patched(
    ServerSession,
    "say",
    (shipped: (this: object, message: ServerMessage) => void) =>
      function (this: object, message: ServerMessage) {
        const other = change(message);
        if (other !== undefined) shipped.call(this, other);
      },
  );

export const unsaid = (type: ServerMessage["type"]): Mutation =>
  says((message) => (message.type === type ? undefined : message));
export const undone = (isUndone: (output: ServerOutput) => boolean): Mutation =>
  performs((outputs) => outputs.filter((output) => !isUndone(output)));
/** Does not hear of something. */
export const deafTo = (type: ServerInput["type"]): Mutation =>
  machine(
    class extends ServerMachine {
      override handle(now: number, input: ServerInput): ServerOutput[] {
        return input.type === type ? [] : super.handle(now, input);
      }
    },
  );
export const nothing = (): Method => () => undefined;
/** Never wants to be woken. */
export const endless = (type: { readonly prototype: object }): Mutation =>
  patched(type, "deadline", () => () => Number.POSITIVE_INFINITY);
export const of = (type: { readonly prototype: object }, name: string): Mutation => patched(type, name, nothing);
