/**
 * The rules of the course's server, as a machine: a stop-and-wait protocol that looks at one bit, and a single state for
 * everybody. It is kept to show what goes wrong, and that our tests would see it. Files are a map in memory; what was
 * written is there at once.
 */
import type { Address, TransferInput, TransferOutput } from "../../src/core/contract.js";
import { ack, append, bitOf, data, FINISH_BIT, finish, type OriginalPacket, read, tableOf, write } from "./packet.js";

/** Each of these is how the original is; false mends that bug alone. */
export interface OriginalBugs {
  /** B4: a G opens the file anew, however late it comes. */
  readonly reopensAtG?: boolean;
  /** B5: a P opens its file for writing, and so empties it, however late it comes. */
  readonly truncatesAtP?: boolean;
  /** B6, B11: there is one state, not one for each client. */
  readonly sharedState?: boolean;
  /** B8: an empty file leaves the table of blocks as it was. */
  readonly staleTable?: boolean;
}

interface State {
  table: Uint8Array[];
  /** The block of the table that is outstanding, from 1; 0 when nothing is being sent. */
  block: number;
  /** The file that was read last, and the one that is being written. */
  reading: string;
  writing: string | undefined;
  written: string | undefined;
  /** The bit that the next new D has. */
  awaited: string;
}

export class OriginalServer {
  /** The disk: name to content. */
  readonly files: Map<string, Uint8Array>;
  readonly #bugs: Required<OriginalBugs>;
  readonly #states = new Map<string, State>();

  constructor(files: Map<string, Uint8Array> = new Map(), bugs: OriginalBugs = {}) {
    this.files = files;
    this.#bugs = { reopensAtG: true, truncatesAtP: true, sharedState: true, staleTable: true, ...bugs };
  }

  handle(_now: number, input: TransferInput): TransferOutput[] {
    if (input.type !== "datagram") return [];
    const answer = this.#answer(this.#stateOf(input.from), read(input.bytes));
    return answer === undefined ? [] : [{ type: "datagram", to: input.from, bytes: answer }];
  }

  /** It only reacts. */
  nextDeadline(): undefined {
    return undefined;
  }

  fingerprint(): string {
    const files = [...this.files].map(([name, bytes]) => `${name}=${Buffer.from(bytes).toString("base64")}`);
    const states = [...this.#states].map(
      ([key, { table, block, reading, writing, written, awaited }]) =>
        `${key}: ${reading} ${block}/${table.length} ${writing} ${written} ${awaited}`,
    );
    return [...files.sort(), ...states.sort()].join("\n");
  }

  #stateOf(from: Address): State {
    const key = this.#bugs.sharedState ? "everybody" : `${from.host} ${from.port}`;
    const state = this.#states.get(key) ?? {
      table: [],
      block: 0,
      reading: "",
      writing: undefined,
      written: undefined,
      awaited: bitOf(1),
    };
    this.#states.set(key, state);
    return state;
  }

  #answer(state: State, packet: OriginalPacket): Uint8Array | undefined {
    switch (packet.type) {
      case "G":
        return this.#get(state, new TextDecoder().decode(packet.body));
      case "P":
        return this.#put(state, new TextDecoder().decode(packet.body));
      case "A":
        // The ack counts when its bit is that of the outstanding block: it may be the ack of the block two before.
        if (state.block === 0) return undefined;
        if (packet.bit === bitOf(state.block)) state.block++;
        return this.#outstanding(state);
      case "D":
        // A block is new when its bit is the awaited one: it may be the block two before (B2).
        if (packet.bit === state.awaited && state.writing !== undefined) {
          this.files.set(state.writing, append(this.files.get(state.writing) ?? new Uint8Array(), packet.body));
          state.awaited = state.awaited === "1" ? "0" : "1";
        }
        return ack(packet);
      case "F":
        state.written = state.writing; // B6: whose F this is does not matter
        state.writing = undefined;
        return ack({ bit: FINISH_BIT, number: packet.number });
      default:
        return undefined;
    }
  }

  #get(state: State, name: string): Uint8Array | undefined {
    const file = this.files.get(name);
    if (file === undefined) return write("E", "0", 0, "incorrect file name my dear child");
    if (!this.#bugs.reopensAtG && state.reading === name && state.block > 1) return undefined;
    const table = tableOf(file);
    if (table.length > 0 || !this.#bugs.staleTable) state.table = table;
    state.reading = name;
    state.block = 1;
    return this.#outstanding(state);
  }

  #put(state: State, name: string): Uint8Array | undefined {
    if (!this.#bugs.truncatesAtP && state.written === name) return undefined;
    this.files.set(name, new Uint8Array());
    state.writing = name;
    state.awaited = bitOf(1);
    return ack({ bit: "0", number: "00000" });
  }

  #outstanding({ table, block }: State): Uint8Array {
    const bytes = table[block - 1];
    return bytes === undefined ? finish(0) : data(block, bytes);
  }
}
