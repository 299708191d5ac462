/** Plans as a Rakefile would make them. */
import type { Action, Plan } from "../../src/core/index.js";

/** A command alone is a remote action; "local:..." a local one. */
export type ActionText = string | (Partial<Omit<Action, "index" | "line" | "remote">> & { readonly command: string });

export function planOf(sets: readonly (readonly ActionText[])[], hosts = 1): Plan {
  let index = 0;
  return {
    hosts: Array.from({ length: hosts }, (_, host) => ({ host: `host${host}`, port: 6_238 })),
    sets: sets.map((actions, set) => ({
      name: `actionset${set}`,
      line: 1,
      actions: actions.map((text) => {
        const { command, ...more } = typeof text === "string" ? { command: text } : text;
        const remote = !command.startsWith("local:");
        const nothing = { requires: [], produces: [], on: [] };
        return { ...nothing, ...more, command: command.replace("local:", ""), remote, index, line: ++index };
      }),
    })),
  };
}
