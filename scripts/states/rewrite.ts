/** Machines that tell: their sources, where a field became a pair of accessors and a method is called through `during`. */
import type { Told } from "./told-sources.js";

/** @throws Error where the source has no such field or method any more */
export function rewrite(source: string, { fields = [], calls = [] }: Told, telling: string): string {
  const withFields = fields.reduce(tellingField, source);
  const all = calls.reduce(tellingCall, withFields);
  return `import { during as toldCall, kept as toldField } from ${JSON.stringify(telling)};\n${all}`;
}

function tellingField(source: string, name: string): string {
  const bare = name.replace("#", "");
  const told = (value: string, isFirst: boolean): string =>
    `toldField(this, ${JSON.stringify(name)}, ${value}, ${isFirst})`;
  return replaced(
    source,
    name,
    new RegExp(`^  ${name}\\b(?:: [^=;\\n]+)?(?: = ([^;\\n]+))?;$`, "m"),
    ([, first = "undefined"]) => [
      `  #told_${bare} = ${told(`(${first})`, true)};`,
      `  get ${name}() { return this.#told_${bare}; }`,
      `  set ${name}(next) { this.#told_${bare} = ${told("next", false)}; }`,
    ],
  );
}

function tellingCall(source: string, name: string): string {
  const bare = name.replace("#", "");
  return replaced(
    source,
    name,
    new RegExp(`^  ((?:protected |override )*)${name}\\((?=.*(?:\\{|\\()?$)`, "m"),
    ([, mode = ""]) => [
      `  ${mode}${name}(...given) {`,
      `    return toldCall(this, ${JSON.stringify(name)}, given, () => this.#told_${bare}(...given));`,
      "  }",
      `  #told_${bare}(`,
    ],
  );
}

function replaced(
  source: string,
  name: string,
  what: RegExp,
  by: (match: RegExpExecArray) => readonly string[],
): string {
  const match = what.exec(source);
  if (match === null) throw new Error(`there is no ${name} that could tell`);
  return source.slice(0, match.index) + by(match).join("\n") + source.slice(match.index + match[0].length);
}
