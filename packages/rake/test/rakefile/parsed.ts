/** Shapes for tests of the parser. */
import { type Action, type Plan, parseRakefile, type RakefileOptions } from "../../src/core/index.js";

/** The plan of a text that has no fault. */
export function planOf(text: string | Uint8Array, options?: RakefileOptions): Plan {
  const { plan, message } = parseRakefile(text, options);
  if (message !== "") throw new Error(message);
  return plan;
}

export const hostsOf = (text: string): readonly string[] =>
  planOf(text).hosts.map(({ host, port }) => `${host} ${port}`);

export const actionsOf = (text: string): readonly Action[] => planOf(text).sets.flatMap(({ actions }) => actions);

/** The one action of a text behind `actionset1:`. */
export function actionOf(lines: string): Action {
  const [action, ...more] = actionsOf(`actionset1:\n${lines}`);
  if (action === undefined || more.length > 0) throw new Error("not one action");
  return action;
}

/** "line:column: found ...; accepted: ..." for each fault. */
export const faultsOf = (text: string | Uint8Array, options?: RakefileOptions): readonly string[] => {
  const { message } = parseRakefile(text, { file: "F", ...options });
  return message === "" ? [] : message.split("\n").map((line) => line.replace(/^F:/, ""));
};

/** A text that says the same. */
export function printPlan({ hosts, sets }: Plan): string {
  const lines: string[] = [];
  const address = (host: string): string => (host.includes(":") ? `[${host}]` : host);
  if (hosts.length > 0) lines.push(`HOSTS = ${hosts.map(({ host, port }) => `${address(host)}:${port}`).join(" ")}`);
  for (const { name, actions } of sets) {
    lines.push(`${name}:`);
    for (const { remote, command, requires, produces, on, timeoutMs } of actions) {
      lines.push(`\t${remote ? "remote-" : ""}${command}`);
      const details = { requires, produces, on, timeout: timeoutMs === undefined ? [] : [`${timeoutMs}ms`] };
      for (const [keyword, words] of Object.entries(details)) {
        if (words.length > 0) lines.push(`\t\t${keyword} ${words.join(" ")}`);
      }
    }
  }
  return `${lines.join("\n")}\n`;
}
