/** A LevelDB database of which the disk can be held back, and fail. */
import { type BatchOperation, classicLevel, type Level } from "../../src/node/level/database.js";

/** Counts the batches, holds them back, and fails when it is told to. */
export class Disk {
  readonly batches: { readonly keys: readonly string[]; readonly sync: boolean }[] = [];
  opened = 0;
  fails: ((keys: readonly string[]) => boolean) | undefined;
  #held: Promise<void> = Promise.resolve();

  /** Nothing is written until the function that it gives is called. */
  hold(): () => void {
    let go = (): void => {};
    this.#held = new Promise((resolve) => {
      go = resolve;
    });
    return go;
  }

  readonly make = async (folder: string): Promise<Level> => {
    const level = await classicLevel(folder);
    this.opened++;
    const write = level.batch.bind(level);
    level.batch = async (operations: BatchOperation[], options: { sync: boolean }): Promise<void> => {
      const keys = operations.map(({ key }) => key);
      if (keys[0] === "format") return await write(operations, options);
      this.batches.push({ keys, sync: options.sync });
      await this.#held;
      if (this.fails?.(keys) === true) throw new Error("no space left");
      await write(operations, options);
    };
    return level;
  };
}
