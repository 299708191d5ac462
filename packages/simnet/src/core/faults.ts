/** Faults as data: what goes wrong in a run, when and where, so that it can be made up, shrunk, printed and replayed. */

import { finiteFrom, integerFrom } from "./checked-numbers.js";
import { type DiskOptions, resolveDisk, type Unsynced } from "./disk.js";
import { type Impairments, resolveImpairments } from "./impairments.js";

/**
 * One packet of a link, from one node to another. `index` counts from 1, in the order of sending, the datagrams and the
 * stream segments that carry something (retransmissions too); bare acknowledgements are not counted and not hit.
 */
interface OnePacket {
  readonly from: string;
  readonly to: string;
  readonly index: number;
}

/** All times are milliseconds of the world. */
export type Fault =
  | ({ readonly type: "drop" } & OnePacket)
  /** It arrives twice, the second time `afterMs` after the first. */
  | ({ readonly type: "duplicate"; readonly afterMs: number } & OnePacket)
  /** It takes `byMs` longer, and later ones overtake it. */
  | ({ readonly type: "delay"; readonly byMs: number } & OnePacket)
  /** The bits of `mask` (1 to 255) are flipped in byte `byte`, counted from 0 and modulo the length. */
  | ({ readonly type: "corrupt"; readonly byte: number; readonly mask: number } & OnePacket)
  /** All that is sent from `from` to `to`, and back unless `oneWay`, is lost for `forMs`; without it, for ever. */
  | {
      readonly type: "cut";
      readonly from: string;
      readonly to: string;
      readonly atMs: number;
      readonly forMs?: number;
      readonly oneWay?: boolean;
    }
  /**
   * The program is gone with all that it knew; after `restartAfterMs` another is started, without it none is.
   * `durable`: whether what it stored is still there (default `kept`). `host`: whether the machine around it goes on
   * and resets its connections (`up`: a kill), or is gone as well and answers nothing (`down`, the default: a power cut).
   * `unsynced`: what becomes of a write that is under way (default `lost`); `torn`: the first bytes of it are there.
   */
  | {
      readonly type: "crash";
      readonly node: string;
      readonly atMs: number;
      readonly restartAfterMs?: number;
      readonly durable?: "kept" | "lost";
      readonly host?: "up" | "down";
      readonly unsynced?: Unsynced;
    }
  /**
   * The program does nothing for `forMs`; what comes meanwhile waits for it. Its clock and its host go on. `first`: what it
   * is given first when it goes on, what has waited (`messages`, the default) or the tick that it missed (`timers`).
   */
  | {
      readonly type: "pause";
      readonly node: string;
      readonly atMs: number;
      readonly forMs: number;
      readonly first?: "messages" | "timers";
    }
  /** The machine sleeps for `forMs`: its own clock stands, its wall clock goes on, and nothing that is sent to it arrives. */
  | { readonly type: "suspend"; readonly node: string; readonly atMs: number; readonly forMs: number }
  /** The node's wall clock is set forward by `byMs`, or back. */
  | { readonly type: "wall"; readonly node: string; readonly atMs: number; readonly byMs: number }
  /** From now on the node's disk is like this. */
  | { readonly type: "disk"; readonly node: string; readonly atMs: number; readonly disk: DiskOptions }
  /** The node's clock is set forward by `byMs`; where that is negative, it stands still for so long. */
  | { readonly type: "skew"; readonly node: string; readonly atMs: number; readonly byMs: number }
  /** From now on the node's clock counts `rate` milliseconds in one of the world, above 0. */
  | { readonly type: "drift"; readonly node: string; readonly atMs: number; readonly rate: number }
  /** Every connection between the two is reset, for both ends, as by a box on the way. */
  | { readonly type: "reset"; readonly from: string; readonly to: string; readonly atMs: number }
  /** The link from `from` to `to`, in this direction, has these impairments from now on. */
  | {
      readonly type: "link";
      readonly from: string;
      readonly to: string;
      readonly atMs: number;
      readonly impairments: Impairments;
    };

/** Whatever goes wrong in a run. The order does not matter, but for faults of the same instant. */
export type FaultSchedule = readonly Fault[];

/** The kinds of faults. */
export type FaultType = Fault["type"];

/** A fault of one packet. */
export type PacketFault = Extract<Fault, OnePacket>;

/** A fault that happens at a time. */
export type TimedFault = Exclude<Fault, PacketFault>;

const packetTypes: ReadonlySet<string> = new Set<PacketFault["type"]>(["drop", "duplicate", "delay", "corrupt"]);
const linkTypes: ReadonlySet<string> = new Set<TimedFault["type"]>(["cut", "reset", "link"]);
const nodeTypes: ReadonlySet<string> = new Set<TimedFault["type"]>([
  "crash",
  "pause",
  "suspend",
  "skew",
  "drift",
  "wall",
  "disk",
]);

export function isPacketFault(fault: Fault): fault is PacketFault {
  return packetTypes.has(fault.type);
}

/**
 * @param hasNode whether there is a node of this name
 * @throws RangeError or TypeError that names the fault, its field and what is accepted
 */
export function checkFault(fault: Fault, hasNode: (name: string) => boolean): void {
  try {
    const types = [...packetTypes, ...linkTypes, ...nodeTypes];
    if (!types.includes(fault.type)) throw new TypeError(`type must be one of ${types.join(", ")}, not ${fault.type}`);
    checkNames(fault, hasNode);
    checkFields(fault);
  } catch (error) {
    const message = `fault ${JSON.stringify(fault)}: ${error instanceof Error ? error.message : error}`;
    throw error instanceof TypeError ? new TypeError(message) : new RangeError(message);
  }
}

function checkNames(fault: Fault, hasNode: (name: string) => boolean): void {
  const { node, from, to } = fault as { node?: string; from?: string; to?: string };
  const named = nodeTypes.has(fault.type) ? { node } : { from, to };
  for (const [field, name] of Object.entries(named)) {
    if (name === undefined || !hasNode(name)) throw new RangeError(`${field} must name a node, not ${name}`);
  }
}

function checkFields(fault: Fault): void {
  if (isPacketFault(fault)) integerFrom("index", fault.index, 1);
  else finiteFrom("atMs", fault.atMs, 0);
  switch (fault.type) {
    case "drop":
    case "reset":
      return;
    case "duplicate":
      finiteFrom("afterMs", fault.afterMs, 0);
      return;
    case "delay":
      finiteFrom("byMs", fault.byMs, 0);
      return;
    case "corrupt":
      integerFrom("byte", fault.byte, 0);
      integerFrom("mask", fault.mask, 1, 255);
      return;
    case "cut":
      finiteFrom("forMs", fault.forMs ?? 0, 0);
      return;
    case "crash":
      finiteFrom("restartAfterMs", fault.restartAfterMs ?? 0, 0);
      oneOf("durable", fault.durable ?? "kept", ["kept", "lost"]);
      oneOf("host", fault.host ?? "down", ["up", "down"]);
      oneOf("unsynced", fault.unsynced ?? "lost", ["lost", "written", "torn"]);
      return;
    case "pause":
      finiteFrom("forMs", fault.forMs, 0);
      oneOf("first", fault.first ?? "messages", ["messages", "timers"]);
      return;
    case "suspend":
      finiteFrom("forMs", fault.forMs, 0);
      return;
    case "disk":
      resolveDisk(fault.disk);
      return;
    case "wall":
    case "skew":
      finiteFrom("byMs", fault.byMs, -Number.MAX_VALUE);
      return;
    case "drift":
      finiteFrom("rate", fault.rate, Number.MIN_VALUE);
      return;
    case "link":
      resolveImpairments(fault.impairments);
      return;
  }
}

function oneOf(name: string, value: string, accepted: readonly string[]): void {
  if (!accepted.includes(value)) throw new RangeError(`${name} must be one of ${accepted.join(", ")}, not ${value}`);
}
