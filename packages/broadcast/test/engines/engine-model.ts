/** The simulation's model of a room, where the log is a real engine's: what an entry is, is known when somebody has first seen it. */
import { type Line, RoomModel } from "../sim/room-model.js";
import { Violation } from "../sim/violation.js";

export class EngineModel extends RoomModel {
  /** A gateway has opened the room. Nothing that was acknowledged can be lost here, so there is one epoch. */
  found(epoch: number): void {
    if (this.current === undefined) this.opened(epoch, false, 0, true);
    else if (this.current.epoch !== epoch) throw new Violation("D", `epoch ${epoch} behind ${this.current.epoch}`);
  }

  override delivered(_who: string, epoch: number, number: number, line: Line): void {
    this.pin(epoch, number, line);
  }

  override acknowledged(who: string, epoch: number, number: number, payload: string): void {
    const log = this.epochs.get(epoch);
    // Whether it is there is seen when the log is read, at the end.
    if (log !== undefined) log.head = Math.max(log.head, number);
    super.acknowledged(who, epoch, number, payload);
  }

  /** The whole of it as the engine has it at the end, what was trimmed apart. */
  readAtEnd(epoch: number, firstRetained: number, lines: readonly Line[]): void {
    this.found(epoch);
    for (const [index, line] of lines.entries()) this.pin(epoch, firstRetained + index, line);
    const head = firstRetained + lines.length - 1;
    const log = this.epochs.get(epoch);
    if (log === undefined) return;
    for (const [number, payload] of log.acknowledged) {
      if (number >= firstRetained) throw new Violation("D", `"${payload}" was acknowledged as ${number} of ${head}`);
    }
    if (log.lines.length > head) throw new Violation("D", `${log.lines.length} was delivered, and ${head} is the head`);
    log.head = head;
  }
}
