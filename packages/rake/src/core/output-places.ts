/** Where the outputs of a set's actions go: no two at one place, none at the place of another's input (docs/rake.md R35). */

import { foldersOf } from "./outputs-in.js";
import type { Action } from "./plan.js";

export class OutputPlaces {
  /** Who reads a file of the set. */
  readonly #readers = new Map<string, Action[]>();
  readonly #makers = new Map<string, Action>();
  /** A folder that an output lies in, and whose. */
  readonly #folders = new Map<string, Action>();

  constructor(actions: readonly Action[]) {
    for (const action of actions) {
      for (const path of new Set(action.requires)) {
        const readers = this.#readers.get(path);
        if (readers === undefined) this.#readers.set(path, [action]);
        else readers.push(action);
      }
    }
  }

  /** Takes the places for an action; what is wrong with them, if anything: then none is taken. */
  claim(action: Action, paths: readonly string[]): string | undefined {
    for (const path of paths) {
      const fault = this.#fault(action, path);
      if (fault !== undefined) return fault;
    }
    for (const path of paths) {
      this.#makers.set(path, action);
      for (const folder of foldersOf(path)) this.#folders.set(folder, action);
    }
    return undefined;
  }

  #fault(action: Action, path: string): string | undefined {
    const reader = this.#readers.get(path)?.find((one) => one !== action);
    if (reader !== undefined) return `${path} is an output of ${nameOf(action)} and an input of ${nameOf(reader)}`;
    const maker = this.#makers.get(path);
    if (maker !== undefined) return `${path} is an output of ${nameOf(action)} and of ${nameOf(maker)}`;
    const inside = this.#folders.get(path);
    if (inside !== undefined) return `${path} is an output of ${nameOf(action)}, and a folder for ${nameOf(inside)}`;
    for (const folder of foldersOf(path)) {
      const below = this.#makers.get(folder) ?? this.#readers.get(folder)?.find((one) => one !== action);
      if (below !== undefined) return `${folder} is a folder for ${nameOf(action)}, and a file of ${nameOf(below)}`;
    }
    return undefined;
  }
}

function nameOf({ line, command }: Action): string {
  return `line ${line} (${command.length > 60 ? `${command.slice(0, 57)}...` : command})`;
}
