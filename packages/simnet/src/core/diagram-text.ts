/** Texts of a diagram: escaped, shortened, measured without a font. */

/** The characters that XML 1.0 cannot hold, and those that turn the direction of what follows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
const unfit = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Any text as XML text or attribute: markup escaped, what XML cannot hold replaced by U+FFFD. */
export function escapeXml(text: string): string {
  return text.replace(unfit, "\ufffd").replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** A text of one line and at most `most` characters. */
export function shortened(text: string, most: number): string {
  const characters = Array.from(
    text
      .slice(0, 4 * most)
      .replace(/\s+/g, " ")
      .trim(),
  );
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}

/** About how wide a text is, in ems of its font size: rather too wide, for the widest of the usual sans-serif fonts. */
export function textEms(text: string): number {
  let ems = 0;
  for (const character of text) ems += characterEms(character);
  return ems;
}

function characterEms(character: string): number {
  if (/[ijlt.,:;'|!()[\]fIr ]/.test(character)) return 0.4;
  if (/[mwMW@%→←↔…—]/.test(character)) return 0.98;
  if (/[A-Z0-9_+=<>~^#&]/.test(character)) return 0.69;
  return character <= "\u2000" ? 0.63 : 1.05;
}

/** `350 µs`, `12.5 ms`, `1.204 s`, `2 min 5 s`. */
export function formatMs(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${significant(ms * 1_000)} µs`;
  if (ms < 1_000) return `${significant(ms)} ms`;
  if (ms < 60_000) return `${significant(ms / 1_000, 5)} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = significant((ms - minutes * 60_000) / 1_000);
  return seconds === "0" ? `${minutes} min` : `${minutes} min ${seconds} s`;
}

function significant(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

/** `1 datagram`, `1,204 datagrams`. */
export function counted(count: number, one: string): string {
  return `${String(count).replace(/\B(?=(\d{3})+$)/g, ",")} ${one}${count === 1 ? "" : "s"}`;
}
