/** Which commands are expected to take about as long (docs/rake.md R30). */

/** A number that no letter touches: not that of `-O2`. */
const NUMBERS = /(?<![A-Za-z0-9])[0-9]+(?![A-Za-z0-9])/g;

/**
 * The command with what changes from one action to the next replaced: behind the first word, which is the program, words
 * that are inputs or have a `/` or a `.` by `%`, other numbers by `#`; one blank between words. Never longer than the
 * command.
 * @param inputs the paths that the action requires
 */
export function kindOf(command: string, inputs: readonly string[]): string {
  const names = new Set(inputs);
  const [program = "", ...rest] = command.split(/[\t\n\v\f\r ]+/).filter((word) => word !== "");
  const words = rest.map((word) => (names.has(word) || /[./]/.test(word) ? "%" : word.replace(NUMBERS, "#")));
  return [program, ...words].join(" ");
}
