/** The streams and outputs of an attempt, as they come (docs/rake.md R18, R23 to R25, R35). What is not right is thrown. */

import type { BuildContext } from "./build-context.js";
import { bad } from "./host-link.js";
import type { Done, Output, Printed } from "./messages.js";
import { matches, pathFault } from "./paths.js";
import { FIRST_CREDIT_BYTES } from "./uploads-up.js";

/** Credit is given in pieces of at least so many bytes, but for the last one. */
const CREDIT_BYTES = 65_536;
/** A host that sends fewer in `stallMs` stands still (R52). */
const PROGRESS_BYTES = 65_536;
/** Of the outputs of an attempt. */
const MAX_FOLDERS = 100_000;

interface Coming {
  readonly first: Output;
  have: number;
  /** Of those, what counted as progress. */
  told: number;
}

export class OutputsIn {
  /** Bytes that the driver has not written away. */
  unwritten = 0;
  /** Of the outputs. */
  bytes = 0;
  readonly #context: BuildContext;
  readonly #attempt: number;
  readonly #wanted: readonly string[];
  /** Digests of those that are whole, and of those that were checked. */
  readonly #announced = new Map<string, string>();
  readonly #checked = new Set<string>();
  /** Folders of outputs. */
  readonly #folders = new Set<string>();
  readonly #printed = { STDOUT: 0, STDERR: 0 };
  #coming: Coming | undefined;
  /** What may still arrive. */
  #credit = FIRST_CREDIT_BYTES;
  /** Written away, and not told yet. */
  #untold = 0;

  /** `wanted` are the patterns; none: any path. */
  constructor(context: BuildContext, attempt: number, wanted: readonly string[]) {
    this.#context = context;
    this.#attempt = attempt;
    this.#wanted = wanted;
  }

  printed({ type, offset, body }: Printed, isShown: boolean): void {
    if (offset !== this.#printed[type]) throw bad(`${type} at ${offset}, not at ${this.#printed[type]}`);
    if (body.length === 0) throw bad(`an empty ${type}`);
    this.#arrived(body.length);
    this.#printed[type] += body.length;
    if (this.#printed.STDOUT + this.#printed.STDERR > this.#context.settings.maxStreamBytes) {
      throw bad(`more than ${this.#context.settings.maxStreamBytes} bytes were printed`);
    }
    const stream = type === "STDOUT" ? "stdout" : "stderr";
    this.#context.do({ type: isShown ? "show" : "keep", attempt: this.#attempt, stream, bytes: body });
  }

  /** True where it brings the attempt on: an output is whole, or a good piece more of it is there. */
  output(output: Output): boolean {
    const { path, body, last } = output;
    const attempt = this.#attempt;
    const coming = this.#coming ?? this.#begin(output);
    this.#coming = coming;
    const { first } = coming;
    if (first.path !== path || first.size !== output.size || first.digest !== output.digest) {
      throw bad(`${path} begins before the end of ${first.path}`);
    }
    if (output.offset !== coming.have) throw bad(`${path} at ${output.offset}, not at ${coming.have}`);
    if (coming.have + body.length > first.size) throw bad(`${path} is longer than ${first.size} bytes`);
    if (last !== (coming.have + body.length === first.size)) throw bad(`${path} ends in the wrong place`);
    if (body.length === 0 && !last) throw bad(`an empty piece of ${path}`);
    this.#arrived(body.length);
    coming.have += body.length;
    if (body.length > 0) this.#context.do({ type: "writeOutput", attempt, path, bytes: body });
    if (!last) {
      const isMore = coming.have - coming.told >= PROGRESS_BYTES;
      if (isMore) coming.told = coming.have;
      return isMore;
    }
    this.#coming = undefined;
    this.#announced.set(path, first.digest);
    this.#context.do({ type: "endOutput", attempt, path });
    return true;
  }

  /** `succeeded`: with exit code 0. Then there is an output for each pattern. */
  done({ stdoutBytes, stderrBytes, outputs }: Done, succeeded: boolean): void {
    if (this.#coming !== undefined) throw bad(`DONE before the end of ${this.#coming.first.path}`);
    if (stdoutBytes !== this.#printed.STDOUT || stderrBytes !== this.#printed.STDERR) {
      throw bad(`DONE names other lengths of streams than came`);
    }
    if (outputs !== this.#announced.size) throw bad(`DONE names ${outputs} outputs, ${this.#announced.size} came`);
    if (!succeeded) return;
    const { paths } = this;
    const lacking = this.#wanted.find((pattern) => !paths.some((path) => matches(pattern, path)));
    if (lacking !== undefined) throw bad(`DONE, and no output is ${lacking}`);
  }

  /** False where it is not what was announced. */
  written(path: string, digest: string): boolean {
    if (this.#announced.get(path) !== digest) return false;
    this.#checked.add(path);
    return true;
  }

  get areChecked(): boolean {
    return this.#checked.size === this.#announced.size;
  }

  get paths(): readonly string[] {
    return [...this.#announced.keys()];
  }

  /** So many bytes more are written away. Returns what credit is to be told, 0 for none. */
  took(bytes: number): number {
    const taken = Math.min(bytes, this.unwritten);
    this.unwritten -= taken;
    this.#untold += taken;
    if (this.#untold < CREDIT_BYTES && this.unwritten > 0) return 0;
    const told = this.#untold;
    this.#untold = 0;
    this.#credit += told;
    return told;
  }

  /** Of a cancelled attempt: nothing is written, all may come. Returns the credit to tell. */
  dropped(bytes: number): number {
    this.#arrived(bytes);
    return this.took(this.unwritten);
  }

  #arrived(bytes: number): void {
    if (bytes > this.#credit) throw bad("more bytes than there was credit for");
    this.#credit -= bytes;
    this.unwritten += bytes;
  }

  #begin(output: Output): Coming {
    const { path, mode, size } = output;
    const { settings } = this.#context;
    const fault = pathFault(path);
    if (fault !== undefined) throw bad(`an output whose path ${fault}`);
    if (this.#wanted.length > 0 && !this.#wanted.some((pattern) => matches(pattern, path))) {
      throw bad(`${path}, which is none of the outputs that were asked for`);
    }
    if (this.#announced.has(path) || this.#folders.has(path)) throw bad(`${path} comes twice`);
    if (this.#announced.size >= settings.maxOutputs) throw bad(`more than ${settings.maxOutputs} outputs`);
    this.bytes += size;
    if (this.bytes > settings.maxOutputBytes) throw bad(`more than ${settings.maxOutputBytes} bytes of outputs`);
    for (const folder of foldersOf(path)) {
      if (this.#announced.has(folder)) throw bad(`${path} is below ${folder}, a file`);
      this.#folders.add(folder);
    }
    if (this.#folders.size > MAX_FOLDERS) throw bad(`outputs in more than ${MAX_FOLDERS} folders`);
    this.#context.do({ type: "openOutput", attempt: this.#attempt, path, mode, size });
    return { first: { ...output, body: new Uint8Array(0) }, have: 0, told: 0 };
  }
}

/** "a/b/c": "a" and "a/b". */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) folders.push(path.slice(0, at));
  return folders;
}
