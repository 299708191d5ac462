/** The file of `--pcap`: written as things happen, so that it is whole whenever the proxy is stopped. */
import { closeSync, openSync, writeSync } from "node:fs";
import { PcapngWriter } from "../core/pcapng-writer.js";
import { TcpCapture } from "../core/tcp-capture.js";
import type { SeenStream } from "../node/tcp-reports.js";
import type { SeenDatagram } from "../node/udp-packet.js";
import type { ProxyFlags } from "./proxy-flags.js";

interface Conversation {
  readonly capture: TcpCapture;
  ends: number;
}

export class CaptureFile {
  readonly #writer: PcapngWriter;
  readonly #path: string;
  readonly #side: ProxyFlags["pcapSide"];
  /** By side and number of the connection; gone when it is over. */
  readonly #conversations = new Map<string, Conversation>();
  #descriptor: number | undefined;

  /** @throws what node:fs says where the file cannot be written */
  constructor(path: string, side: ProxyFlags["pcapSide"], seed: number | string) {
    this.#path = path;
    this.#side = side;
    this.#writer = new PcapngWriter({ epochMs: Date.now(), comment: `seed ${seed}` });
    this.#descriptor = openSync(path, "w");
    this.#writeAll(this.#descriptor, this.#writer.header());
  }

  datagram({ at, side, from, to, bytes }: SeenDatagram): void {
    if (this.#isWanted(side)) this.#write(this.#writer.udp(at, from, to, bytes));
  }

  segment(seen: SeenStream): void {
    if (!this.#isWanted(seen.side)) return;
    const { at, what, from, bytes } = seen;
    const key = `${seen.side} ${seen.connection}`;
    if (what === "open" || what === "refuse") {
      const capture = new TcpCapture(this.#writer, seen.client, seen.server);
      if (what === "open") {
        this.#conversations.set(key, { capture, ends: 0 });
        this.#write(capture.open(at));
      } else {
        this.#write(capture.connect(at));
        this.#write(capture.refuse(at));
      }
      return;
    }
    const conversation = this.#conversations.get(key);
    if (conversation === undefined) return; // it is over: what still comes is told to nobody
    const { capture } = conversation;
    if (what === "bytes") this.#write(capture.data(at, from, bytes));
    else if (what === "end") {
      this.#write(capture.end(at, from));
      conversation.ends++;
    } else this.#write(capture.reset(at, from));
    if (what === "reset" || conversation.ends === 2) this.#conversations.delete(key);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #isWanted(side: "client" | "server"): boolean {
    return this.#descriptor !== undefined && (this.#side === "both" || this.#side === side);
  }

  #write(bytes: Uint8Array): void {
    if (this.#descriptor === undefined) return;
    try {
      this.#writeAll(this.#descriptor, bytes);
    } catch (error) {
      process.stderr.write(`warning: ${this.#path} ends here: ${(error as Error).message}\n`);
      this.close();
    }
  }

  #writeAll(descriptor: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
  }
}
