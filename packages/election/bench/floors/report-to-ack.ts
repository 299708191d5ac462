/**
 * What a leader must do with a Report at least, in plain code on Node's Buffer: read every field of it, keep the load under
 * the host's id, and write an Ack. It checks nothing, and knows neither leases nor ranks.
 */
interface KeptHost {
  readonly loads: object[];
  heard: number;
}

interface PlainReport {
  readonly incarnation: string;
  readonly cluster: string;
  readonly sender: string;
  readonly address: string;
  readonly hostName: string;
  readonly ui: string;
  readonly echo: object | undefined;
  readonly load: object;
}

export class PlainLeader {
  readonly #hosts = new Map<string, KeptHost>();
  /** The frame of an Ack; `for` and the stamp are written over. */
  readonly #template: Buffer;
  readonly #forAt: number;
  readonly #stampAt: number;

  /** @param ack the frame of any Ack of this leader */
  constructor(ack: Uint8Array) {
    this.#template = Buffer.from(ack);
    let at = 8 + 22;
    at += 4 + this.#template.readUInt32BE(at); // cluster
    at += 4 + this.#template.readUInt32BE(at); // sender
    this.#forAt = at;
    at += 8;
    this.#stampAt = at + 4 + this.#template.readUInt32BE(at); // address
  }

  /** The frame of the Ack that answers the frame of a Report. */
  answer(frame: Buffer, mono: number, wall: number): Buffer {
    let at = 8 + 22;
    const text = (): string => {
      const start = at + 4;
      at = start + frame.readUInt32BE(at);
      return frame.toString("latin1", start, at);
    };
    const u64 = (): number => {
      at += 8;
      return frame.readUInt32BE(at - 8) * 2 ** 32 + frame.readUInt32BE(at - 4);
    };
    const incarnation = frame.toString("hex", 18, 26);
    const cluster = text();
    const sender = text();
    const address = text();
    const hostName = text();
    const ui = text();
    const echo = frame[at++] === 1 ? { epoch: u64(), mono: u64(), wall: u64() } : undefined;
    const cpu = frame.readUInt16BE(at);
    at += 2;
    const load = { cpu, used: u64(), total: u64(), bandwidth: u64(), disk: u64(), measured: u64() };
    this.#keep({ incarnation, cluster, sender, address, hostName, ui, echo, load }, mono);
    const ack = Buffer.allocUnsafe(this.#template.length);
    this.#template.copy(ack);
    frame.copy(ack, this.#forAt, 18, 26);
    const micros = Math.floor(mono * 1_000);
    ack.writeUInt32BE(Math.floor(micros / 2 ** 32), this.#stampAt);
    ack.writeUInt32BE(micros % 2 ** 32, this.#stampAt + 4);
    ack.writeUInt32BE(Math.floor(wall / 2 ** 32), this.#stampAt + 8);
    ack.writeUInt32BE(wall % 2 ** 32, this.#stampAt + 12);
    return ack;
  }

  #keep(report: PlainReport, mono: number): void {
    let host = this.#hosts.get(report.sender);
    if (host === undefined) {
      host = { loads: [], heard: mono };
      this.#hosts.set(report.sender, host);
    }
    host.heard = mono;
    host.loads.push(report);
    if (host.loads.length > 4) host.loads.shift();
  }
}
