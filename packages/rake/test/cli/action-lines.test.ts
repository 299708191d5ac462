/** What actions print, as whole lines. */
import { describe, expect, it } from "vitest";
import { ActionLines, type Piece } from "../../src/cli/action-lines.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function texts(pieces: readonly Piece[]): string[] {
  return pieces.map((piece) => `${piece.stream} ${JSON.stringify(new TextDecoder().decode(piece.bytes))}`);
}

const prefixOf = (action: number): string => `${action}| `;

describe("lines of actions", () => {
  it("R36: each has its prefix, is shown when it is whole, and goes to the stream that it came by", () => {
    const lines = new ActionLines({ prefixOf });
    expect(texts(lines.add("stdout", bytes("one\ntwo\nthr"), 3))).toEqual(['stdout "3| one\\n3| two\\n"']);
    expect(texts(lines.add("stderr", bytes("oh"), 3))).toEqual([]);
    expect(texts(lines.add("stdout", bytes("other\n"), 4))).toEqual(['stdout "4| other\\n"']);
    expect(texts(lines.add("stdout", bytes("ee\n"), 3))).toEqual(['stdout "3| three\\n"']);
    expect(texts(lines.end(3))).toEqual(['stderr "3| oh\\n"']);
    expect(texts(lines.endAll())).toEqual([]);
  });

  it("R36: words of rake itself have no prefix", () => {
    const lines = new ActionLines({ prefixOf });
    expect(texts(lines.add("stderr", bytes("another was first\n"), undefined))).toEqual([
      'stderr "another was first\\n"',
    ]);
  });

  it("a line that does not end is shown in pieces, and nobody's words stand in it", () => {
    const lines = new ActionLines({ prefixOf, maxLineBytes: 8 });
    expect(texts(lines.add("stdout", bytes("12345678"), 1))).toEqual(['stdout "1| 12345678"']);
    expect(texts(lines.add("stdout", bytes("9abcdefgh"), 1))).toEqual(['stdout "9abcdefgh"']);
    expect(texts(lines.add("stdout", bytes("mine\n"), 2))).toEqual(['stdout "\\n"', 'stdout "2| mine\\n"']);
    expect(texts(lines.add("stdout", bytes("end\n"), 1))).toEqual(['stdout "1| end\\n"']);
  });

  it("without prefixes the bytes of one action are what it printed, whatever they are", () => {
    const lines = new ActionLines();
    const said = [Uint8Array.of(0xff, 0, 0x0a, 0x0d), bytes("é"), Uint8Array.of(0xc3), Uint8Array.of(0xa9)];
    const pieces = [...said.flatMap((one) => lines.add("stdout", one, 0)), ...lines.end(0), ...lines.endAll()];
    expect(Buffer.concat(pieces.map((piece) => piece.bytes))).toEqual(Buffer.concat(said));
  });

  it("keeps no view of memory that is used again", () => {
    const lines = new ActionLines();
    const memory = bytes("abc");
    lines.add("stdout", memory, 0);
    memory.fill(0x78);
    expect(texts(lines.add("stdout", bytes("\n"), 0))).toEqual(['stdout "abc\\n"']);
  });
});
