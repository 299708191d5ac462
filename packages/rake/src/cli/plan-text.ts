/** What a Rakefile asks for, without doing it (`rake -n`). */
import type { Action, Plan } from "../core/plan.js";
import { countWords, printable, timeWords } from "../core/words.js";
import { addressOf } from "./addresses.js";
import { NO_HOSTS_ADVICE } from "./failures.js";

/** Ends with a line feed. */
export function planText({ hosts, sets }: Plan): string {
  const actions = sets.reduce((sum, set) => sum + set.actions.length, 0);
  const isRemote = sets.some((set) => set.actions.some(({ remote }) => remote));
  const none = isRemote ? `none: ${NO_HOSTS_ADVICE}` : "none";
  const named = hosts.length === 0 ? none : hosts.map(addressOf).join(", ");
  const lines = [`${countWords(sets.length, "set")}, ${countWords(actions, "action")}; hosts: ${named}`];
  for (const { name, actions } of sets) {
    lines.push(`${name}:`);
    for (const action of actions) lines.push(...actionLines(action));
  }
  return `${lines.map(printable).join("\n")}\n`;
}

function actionLines({ line, remote, command, requires, produces, on, timeoutMs }: Action): string[] {
  const details = [
    ...(requires.length > 0 ? [`requires ${requires.join(" ")}`] : []),
    ...(produces.length > 0 ? [`produces ${produces.join(" ")}`] : []),
    ...(on.length > 0 ? [`on ${on.join(" ")}`] : []),
    ...(timeoutMs !== undefined ? [`timeout ${timeWords(timeoutMs)}`] : []),
  ];
  return [
    `  ${String(line).padStart(4)}  ${remote ? "on a host" : "here     "}  ${command}`,
    ...details.map((detail) => `                     ${detail}`),
  ];
}
