/** I1 and I3, watched at every step: what is written is what the source has at that place, and a session commits it once. */
import type { Watch } from "./transfer-node.js";

export class DeliveryOracle {
  readonly #content: (name: string) => Uint8Array;
  readonly #violations: string[];
  /** Of each open part, by the port and the effect that opened it: its final name and its key. */
  readonly #parts = new Map<string, { readonly name: string; readonly key: string }>();
  /** How far each part has been written, by port and key. */
  readonly #lengths = new Map<string, number>();
  readonly #commits = new Map<string, number>();

  /** @param violations what is wrong is added there, in words */
  constructor(content: (name: string) => Uint8Array, violations: string[]) {
    this.#content = content;
    this.#violations = violations;
  }

  readonly watch: Watch = ({ port }, output) => {
    if (output.type === "open-part") {
      const { id, name, key, claim = key } = output;
      this.#parts.set(`${port} ${id}`, { name, key });
      // Clients that go on with a transfer have another port, but the same disk.
      const claimed = [...this.#lengths].find(([part]) => part.endsWith(` ${claim}`))?.[1];
      this.#lengths.set(`${port} ${key}`, claimed ?? 0);
      return;
    }
    if (output.type !== "write-part" && output.type !== "commit-part" && output.type !== "truncate-part") return;
    const part = this.#parts.get(`${port} ${output.part}`);
    if (part === undefined) return;
    const key = `${port} ${part.key}`;
    const length = this.#lengths.get(key) ?? 0;
    const content = this.#content(part.name);
    if (output.type === "truncate-part") this.#lengths.set(key, output.length);
    else if (output.type === "write-part") {
      const end = output.offset + output.bytes.length;
      const isRight = Buffer.compare(output.bytes, content.subarray(output.offset, end)) === 0;
      if (output.offset > length || !isRight) {
        this.#violations.push(`I1: ${part.name} got bytes at ${output.offset} that are not those of the source`);
      }
      this.#lengths.set(key, Math.max(length, end));
    } else {
      if (length !== content.length) this.#violations.push(`I1: ${part.name} is committed with ${length} bytes`);
      const commits = (this.#commits.get(key) ?? 0) + 1; // a key belongs to one session
      this.#commits.set(key, commits);
      if (commits > 1) this.#violations.push(`I3: ${part.name} is committed ${commits} times`);
    }
  };
}
