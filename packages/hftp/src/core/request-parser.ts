/** Turns what a client sends into requests and offences, one line at a time, in memory that does not grow (H3 to H11). */
import type { FatalCode, RefusalCode } from "./codes.js";
import { MAX_NAME_BYTES, type Request } from "./requests.js";

/** A complete line that is a request, or one that is refused, or the offence that ends the connection. */
export type ParsedLine =
  | { readonly type: "request"; readonly request: Request }
  | { readonly type: "refused"; readonly code: RefusalCode; readonly command: string }
  | { readonly type: "fatal"; readonly code: FatalCode };

/** What is known of one element of a line: its text as far as it can matter, and facts about all of it. */
export interface Element {
  /** The first 255 bytes; a longer element is no command, no name and no keyword. */
  readonly text: string;
  /** Length in bytes, kept or not. */
  readonly length: number;
  /** Every byte may stand in a file name. */
  readonly isName: boolean;
  /** Every byte is a decimal digit, and there is one. */
  readonly isNumber: boolean;
  /** The number, Infinity where more than 16 digits are left without leading zeros. */
  readonly value: number;
}

const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const NAME = 1;
const DIGIT = 2;

/** For each byte: may it stand in a name (bit 0), is it a digit (bit 1). */
export function byteClasses(nameCharacters: string): Uint8Array {
  const classes = new Uint8Array(256);
  for (let at = 0; at < nameCharacters.length; at++) classes[nameCharacters.charCodeAt(at)] = NAME;
  for (let digit = 0x30; digit <= 0x39; digit++) classes[digit] = NAME | DIGIT;
  return classes;
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The characters of file names, digits apart (H5). */
export const NAME_CHARACTERS: string = `${LETTERS}${LETTERS.toLowerCase()}.-_`;

/** No command has more elements; those beyond are counted, not kept. */
const KEPT_ELEMENTS = 5;
const MAX_DIGITS = 16;

/** Smaller chunks that have to wait are copied together, into blocks of this size. */
const SMALL_CHUNK_BYTES = 512;
const BLOCK_BYTES = 4096;

export class RequestParser {
  /** A property, so that a test can change the rule and see its tests fail. */
  protected classes: Uint8Array = byteClasses(NAME_CHARACTERS);
  readonly #maxLineBytes: number;
  readonly #chunks: Uint8Array[] = [];
  /** Where small chunks are gathered; the last chunk is its used part. */
  #block: Uint8Array | undefined;
  #blockUsed = 0;
  #at = 0;
  #pendingBytes = 0;

  #lineBytes = 0;
  #afterCr = false;
  #elements: Element[] = [];
  #elementCount = 0;
  readonly #kept: Uint8Array = new Uint8Array(MAX_NAME_BYTES);
  #length = 0;
  #allName = NAME | DIGIT;
  #digits = 0;
  #value = 0;

  /** @param maxLineBytes a line of more bytes before its end is 101 (H10) */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Bytes that were fed and not yet looked at. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Whether a line has begun and not ended. */
  get inLine(): boolean {
    return this.#lineBytes > 0 || this.#elementCount > 0 || this.#afterCr;
  }

  /** Takes bytes; nothing is looked at before next() asks. The chunk is kept until then and must not change. */
  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#pendingBytes += chunk.length;
    if (chunk.length >= SMALL_CHUNK_BYTES || this.#chunks.length === 0) {
      this.#chunks.push(chunk);
      this.#block = undefined;
    } else this.#gather(chunk);
  }

  /** Copies a small chunk behind the one before it: kept apart, a byte would cost some hundred. */
  #gather(chunk: Uint8Array): void {
    if (this.#block !== undefined && this.#blockUsed + chunk.length <= BLOCK_BYTES) this.#chunks.pop();
    else {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#blockUsed = 0;
    }
    this.#block.set(chunk, this.#blockUsed);
    this.#blockUsed += chunk.length;
    this.#chunks.push(this.#block.subarray(0, this.#blockUsed));
  }

  /** The next complete line or fatal offence in byte order, or undefined where more bytes are needed. */
  next(): ParsedLine | undefined {
    while (this.#chunks.length > 0) {
      const chunk = this.#chunks[0] as Uint8Array;
      const from = this.#at;
      const line = this.#scan(chunk);
      this.#pendingBytes -= this.#at - from;
      if (this.#at === chunk.length) {
        this.#chunks.shift();
        this.#at = 0;
        if (this.#chunks.length === 0) this.#block = undefined;
      }
      if (line !== undefined) return line;
    }
    return undefined;
  }

  /** Forgets what was fed; after `quit` and after a fatal offence it does not matter (H7, H13). */
  discard(): void {
    this.#chunks.length = 0;
    this.#block = undefined;
    this.#at = 0;
    this.#pendingBytes = 0;
  }

  #scan(chunk: Uint8Array): ParsedLine | undefined {
    while (this.#at < chunk.length) {
      const byte = chunk[this.#at++] as number;
      if (byte === LF) {
        if (this.#afterCr) return this.#endLine();
        const offence = this.bareLineFeed();
        if (offence !== undefined) return offence;
        continue;
      }
      if (this.#afterCr) {
        this.#afterCr = false; // a lone CR is a character like any other that no element may hold
        if (this.#tooLong()) return { type: "fatal", code: 101 };
        this.#collect(CR);
      }
      if (byte === CR) {
        this.#afterCr = true;
        continue;
      }
      if (byte >= 0x80) return { type: "fatal", code: 101 };
      if (this.#tooLong()) return { type: "fatal", code: 101 };
      if (byte === SPACE) this.#endElement();
      else this.#collect(byte);
    }
    return undefined;
  }

  #tooLong(): boolean {
    return ++this.#lineBytes > this.#maxLineBytes;
  }

  #collect(byte: number): void {
    if (this.#length < MAX_NAME_BYTES) this.#kept[this.#length] = byte;
    this.#length++;
    const facts = this.classes[byte] as number;
    this.#allName &= facts;
    if ((facts & DIGIT) !== 0 && (this.#digits > 0 || byte !== 0x30)) {
      this.#digits++;
      if (this.#digits <= MAX_DIGITS) this.#value = this.#value * 10 + (byte - 0x30);
    }
  }

  #endElement(): void {
    this.#elementCount++;
    if (this.#elementCount <= KEPT_ELEMENTS) {
      let text = "";
      const kept = Math.min(this.#length, MAX_NAME_BYTES);
      for (let at = 0; at < kept; at++) text += String.fromCharCode(this.#kept[at] as number);
      this.#elements.push({
        text,
        length: this.#length,
        isName: this.#length > 0 && (this.#allName & NAME) !== 0,
        isNumber: this.#length > 0 && (this.#allName & DIGIT) !== 0,
        value: this.#digits > MAX_DIGITS ? Number.POSITIVE_INFINITY : this.#value,
      });
    }
    this.#length = 0;
    this.#allName = NAME | DIGIT;
    this.#digits = 0;
    this.#value = 0;
  }

  #endLine(): ParsedLine | undefined {
    const empty = this.#lineBytes === 0;
    this.#endElement();
    const elements = this.#elements;
    const count = this.#elementCount;
    this.#elements = [];
    this.#elementCount = 0;
    this.#lineBytes = 0;
    this.#afterCr = false;
    return empty ? this.emptyLine() : this.interpret(elements, count);
  }

  /** An LF without a CR before it, anywhere, is 100 at once (H4). */
  protected bareLineFeed(): ParsedLine | undefined {
    return { type: "fatal", code: 100 };
  }

  /** A line of no bytes is 101 (H9). */
  protected emptyLine(): ParsedLine | undefined {
    return { type: "fatal", code: 101 };
  }

  /** What a line means: form alone, before anything is looked up (H14). */
  protected interpret(elements: readonly Element[], count: number): ParsedLine | undefined {
    const command = elements[0]?.text ?? "";
    switch (command) {
      case "get_file_listing":
      case "help":
      case "quit":
        return count === 1 ? { type: "request", request: { type: command } } : refused(201, command);
      case "get_metadata": {
        const name = elements[1];
        if (count !== 2 || name?.isName !== true) return refused(201, command);
        if (name.length > MAX_NAME_BYTES) return refused(202, command);
        return { type: "request", request: { type: command, name: name.text } };
      }
      case "get_slice":
        return this.interpretSlice(elements, count);
      default:
        return refused(200, command);
    }
  }

  protected interpretSlice(elements: readonly Element[], count: number): ParsedLine {
    const [, name, offset, size, fifth] = elements;
    const raw = count === 5 && fifth?.text === "raw";
    const wellFormed =
      name?.isName === true && offset?.isNumber === true && size?.isNumber === true && (count === 4 || raw);
    if (!wellFormed) return refused(201, "get_slice");
    if (name.length > MAX_NAME_BYTES) return refused(202, "get_slice");
    const request = { type: "get_slice", name: name.text, offset: offset.value, size: size.value, raw } as const;
    return { type: "request", request };
  }
}

function refused(code: RefusalCode, command: string): ParsedLine {
  return { type: "refused", code, command };
}
