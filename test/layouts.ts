/** The layouts of messages in a document: a title, boxes of 32 bits a row, and below them a vector, field by field. */

export interface Layout {
  readonly title: string;
  /** In their order; a field of any length has no `bytes`. */
  readonly fields: readonly { readonly name: string; readonly bytes: number | undefined }[];
  readonly pieces: readonly Piece[];
}

/** Bytes of a vector, and what they are said to be: `epoch = 7`, `room: "main"`, `members[0].member = 1`. */
export interface Piece {
  hex: string;
  readonly says: string;
}

const LINE = /^\+(?:-\+)+$/;
const BITS_OF_A_CHARACTER = 1 / 2;

export function layoutsOf(document: string): Layout[] {
  return [...document.matchAll(/^```text\n([\s\S]*?)^```$/gm)]
    .map(([, block = ""]) => block.split("\n"))
    .filter((lines) => lines.some((line) => LINE.test(line)))
    .map((lines) => layoutOf(lines));
}

function layoutOf(lines: readonly string[]): Layout {
  const begin = lines.findIndex((line) => LINE.test(line));
  const end = lines.findLastIndex((line) => LINE.test(line));
  return {
    title: lines[0] ?? "",
    fields: fieldsOf(lines.slice(begin, end + 1)),
    pieces: piecesOf(lines.slice(end + 1).filter((line) => line !== "")),
  };
}

function fieldsOf(rows: readonly string[]): Layout["fields"] {
  const fields: { name: string; bytes: number | undefined }[] = [];
  let boxes: string[] = [];
  for (const row of rows) {
    if (!LINE.test(row)) boxes.push(row);
    else {
      fields.push(...fieldsOfRow(boxes));
      boxes = [];
    }
  }
  return fields;
}

/** A row of several fields, or a field of several rows. */
function fieldsOfRow([first, ...more]: readonly string[]): Layout["fields"] {
  if (first === undefined) return [];
  const inner = first.slice(1, -1).trim();
  if (first.startsWith("/")) return [{ name: inner.split(":")[0] ?? "", bytes: undefined }];
  const long = /^(.*) \((\d+) bytes\)$/.exec(inner);
  if (first.startsWith("~") && long !== null) return [{ name: long[1] ?? "", bytes: Number(long[2]) }];
  const cells = first.split("|").slice(1, -1);
  return cells.map((cell) => ({
    name: cell.trim(),
    bytes: ((cell.length + 1) * BITS_OF_A_CHARACTER * (1 + more.length)) / 8,
  }));
}

/** A line without words goes on with the bytes of the one before. */
function piecesOf(lines: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  for (const line of lines) {
    const hex = line.slice(0, 35).replaceAll(" ", "");
    const says = line.slice(37).trim();
    const last = pieces.at(-1);
    if (says === "" && last !== undefined) last.hex += hex;
    else pieces.push({ hex, says });
  }
  return pieces;
}

/** What does not fit between the boxes of a layout and the vector below them. */
export function misfits({ title, fields, pieces }: Layout): string[] {
  const faults: string[] = [];
  let at = 0;
  for (const { name, bytes } of fields) {
    let hex = "";
    for (let piece = pieces[at]; piece !== undefined && isOf(name, piece.says); piece = pieces[++at]) hex += piece.hex;
    const found = hex.length / 2;
    if (found === 0) faults.push(`${title}: ${name} has no bytes, or not in its turn`);
    else if (bytes !== undefined && found !== bytes) faults.push(`${title}: ${name} has ${bytes} bytes, here ${found}`);
  }
  for (const { says } of pieces.slice(at)) faults.push(`${title}: no box for ${says}`);
  const wrong = pieces.filter(
    ({ hex, says }) => /^\d+$/.test(saidOf(says)) && BigInt(`0x${hex}`) !== BigInt(saidOf(says)),
  );
  return [...faults, ...wrong.map(({ hex, says }) => `${title}: ${hex} is not ${says}`)];
}

function isOf(field: string, says: string): boolean {
  return says.startsWith(field) && /^(?:$|[ .,:[])/.test(says.slice(field.length));
}

/** The number that a piece is said to be, or nothing. */
function saidOf(says: string): string {
  return / = (\d+)(?: \(.*\))?$/.exec(says)?.[1] ?? "";
}

/** The fields that say a number, by the names that codecs give them: `first client seq = 13` is `firstClientSeq`. */
export function numbersOf({ pieces }: Layout): Map<string, number> {
  const said = pieces.map(({ says }) => [says, saidOf(says)] as const).filter(([, number]) => number !== "");
  return new Map(said.map(([says, number]) => [camelCase(says.split(" = ")[0] ?? ""), Number(number)]));
}

function camelCase(name: string): string {
  return name.replace(/ (.)/g, (_, letter: string) => letter.toUpperCase());
}
