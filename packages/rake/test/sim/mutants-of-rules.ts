/** Bugs in what has no machine of its own: a method of the core does another thing (`mutants.ts`). */
import { type ClientOutput, pathFault } from "../../src/core/index.js";
import { RemoteAttempt } from "../../src/core/remote-attempt.js";
import { Settlement } from "../../src/core/settlement.js";
import { Slots } from "../../src/core/slots.js";
import { FieldReader } from "../../src/core/wire.js";
import { ForgedBuild } from "./forged-machines.js";

/** Breaks the rule; answers what mends it. */
export type Breaks = () => () => void;

/** The loser is not cancelled, and what it makes is taken as well. */
export const bothCommit: Breaks = () => {
  const { cancel } = RemoteAttempt.prototype;
  const { of } = Settlement.prototype;
  const spared = new Map<number, RemoteAttempt>();
  RemoteAttempt.prototype.cancel = function (this: RemoteAttempt): void {
    if (this.phase !== "running" && this.phase !== "returning" && this.phase !== "checking") return cancel.call(this);
    spared.set(this.number, this);
  };
  Settlement.prototype.of = function (this: Settlement, attempt: number) {
    return of.call(this, attempt) ?? spared.get(attempt);
  };
  return () => {
    RemoteAttempt.prototype.cancel = cancel;
    Settlement.prototype.of = of;
    spared.clear();
  };
};

/** Paths as the host said them, by harmless ones that were read instead: the decoder and the machine both look at them. */
const said = new Map<string, string>();

/** What the host says is a path is read as one. */
export const readsAnyPath: Breaks = () => {
  const { text: read } = FieldReader.prototype;
  FieldReader.prototype.text = function (this: FieldReader, ...asked): string {
    const text = read.apply(this, asked);
    if (asked[0] !== "the path" || pathFault(text) === undefined) return text;
    const harmless = `unchecked/${[...text].map((letter) => letter.codePointAt(0)).join("-")}`;
    said.set(harmless, text);
    return harmless;
  };
  return () => {
    FieldReader.prototype.text = read;
    said.clear();
  };
};

/** And written there. */
export class ChecksNoPath extends ForgedBuild {
  protected override asks(output: ClientOutput): readonly ClientOutput[] {
    return [output.type === "openOutput" ? { ...output, path: said.get(output.path) ?? output.path } : output];
  }
}

/** What was whole of attempts that were cancelled, by their number. */
const whole = new Map<number, readonly string[]>();

/** What came whole of a cancelled attempt is kept in mind. */
export const noteCancelled: Breaks = () => {
  const { cancel } = RemoteAttempt.prototype;
  RemoteAttempt.prototype.cancel = function (this: RemoteAttempt): void {
    if (this.isLive && this.outputs.paths.length > 0) whole.set(this.number, this.outputs.paths);
    cancel.call(this);
  };
  return () => {
    RemoteAttempt.prototype.cancel = cancel;
    whole.clear();
  };
};

/** And taken, instead of discarded. */
export class TakesWhatWasCancelled extends ForgedBuild {
  protected override asks(output: ClientOutput): readonly ClientOutput[] {
    const paths = output.type === "discard" ? whole.get(output.attempt) : undefined;
    return output.type === "discard" && paths !== undefined
      ? [{ type: "commit", attempt: output.attempt, paths }]
      : [output];
  }
}

/** Who gives a slot back gives it back twice: there is one more. */
export const freesTwice: Breaks = () => {
  const { free } = Slots.prototype;
  Slots.prototype.free = function (this: Slots, slot, now): void {
    const { reserved, running } = this;
    free.call(this, slot, now);
    if (this.reserved + this.running < reserved + running) Object.assign(this, { total: this.total + 1 });
  };
  return () => {
    Slots.prototype.free = free;
  };
};
