/** Words of others made safe to show: nothing in them may steer a terminal, or turn what a reader sees. */

/** Control, format, unassigned and private characters, lone surrogates, and the two separators of lines. */
const UNPRINTABLE = /[^\P{C}]|[\u2028\u2029]/gu;

/** The text with everything that is not plainly visible as an escape. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** JSON in one line, in which the same characters are `\uXXXX`: it reads as the same value. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
