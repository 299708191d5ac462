/** One host of the load generator: a connection of its own, on which it asks, reports and checks what comes back. */
import { connect, type Socket } from "node:net";
import { AckCheck } from "./ack-check.js";
import { patchLoad, reportFrame, stampOffset } from "./report-frame.js";

type Core = typeof import("../../src/core/index.js");

/** What all hosts count together. */
export interface Counts {
  reports: number;
  acks: number;
  /** Acks that were not what was waited for. */
  wrong: number;
  /** Reports that were due while the one before was not yet acknowledged. */
  late: number;
  /** Connections that ended. */
  closed: number;
  /** Bytes of the last frame of each kind. */
  reportBytes: number;
  ackBytes: number;
  firstFault: string;
}

export interface HostOptions {
  readonly core: Core;
  readonly counts: Counts;
  /** As the leader has them. */
  readonly settings: number;
  readonly port: number;
  readonly localAddress: string | undefined;
  readonly index: number;
  /** Without: the peer is a floor, of which only the sizes are checked. */
  readonly ackBytesOfFloor: number | undefined;
}

const CLUSTER = "lab";
/** One read at a time, and each is looked at before the next: all connections share the memory. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

export class SimulatedHost {
  readonly joined: Promise<void>;
  readonly #options: HostOptions;
  readonly #socket: Socket;
  readonly #incarnation: string;
  readonly #id: string;
  #isJoined = false;
  #tellJoined: () => void = () => {};
  #report: Buffer = shared;
  /** Of the leader, as the Redirect said. */
  #epoch = 0;
  #check: AckCheck | undefined;
  #isAwaiting = false;
  /** Bytes of a frame that has not come whole. */
  #partial: Buffer | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    const { index, port, localAddress } = options;
    this.#id = `host-${String(index).padStart(6, "0")}`;
    this.#incarnation = (0x1000_0000 + index).toString(16).padStart(16, "a");
    this.joined = new Promise((resolve) => {
      this.#tellJoined = resolve;
    });
    const onread = { buffer: shared, callback: (count: number) => this.#take(shared.subarray(0, count)) };
    this.#socket = connect({ port, host: "127.0.0.1", localAddress, noDelay: true, onread });
    this.#socket.on("connect", () => this.#begin());
    this.#socket.on("error", (error) => this.#fault(`${this.#id}: ${error.message}`));
    this.#socket.on("close", () => {
      options.counts.closed++;
      this.#tellJoined();
    });
  }

  /** The report that is due now, if the one before was acknowledged. */
  report(cpuHundredths: number, wallMs: number): void {
    if (!this.#isJoined) return;
    const { counts } = this.#options;
    if (this.#isAwaiting || this.#socket.writableLength > 0) {
      counts.late++;
      return;
    }
    patchLoad(this.#report, cpuHundredths, wallMs);
    this.#isAwaiting = true;
    counts.reports++;
    counts.reportBytes = this.#report.length;
    this.#socket.write(this.#report);
  }

  #begin(): void {
    const { core, counts, ackBytesOfFloor } = this.#options;
    if (ackBytesOfFloor !== undefined) {
      this.#prepare(1, true);
      this.#isAwaiting = true;
      counts.reports++;
      this.#socket.write(this.#report);
      return;
    }
    const header = {
      epoch: 0,
      incarnation: this.#incarnation,
      settings: this.#options.settings,
      cluster: CLUSTER,
      sender: this.#id,
    };
    const hello = core.encodeMessage({ header, body: { type: "hello", address: this.#address } });
    this.#socket.write(core.framed(hello));
  }

  /** Where nobody listens: the leader has no reason to dial a host that is heard. All have the same length, since floors count bytes. */
  get #address(): string {
    return `127.0.0.2:${10_000 + (this.#options.index % 50_000)}`;
  }

  #prepare(epoch: number, echoes: boolean): void {
    const header = {
      epoch,
      incarnation: this.#incarnation,
      settings: this.#options.settings,
      cluster: CLUSTER,
      sender: this.#id,
    };
    const host = { header, address: this.#address, hostName: this.#id };
    this.#report = reportFrame(this.#options.core, host, echoes);
  }

  #take(chunk: Buffer): boolean {
    let bytes = chunk;
    if (this.#partial !== undefined) {
      bytes = Buffer.concat([this.#partial, chunk]);
      this.#partial = undefined;
    }
    let at = 0;
    while (bytes.length - at >= 8) {
      const end = at + 8 + bytes.readUInt32BE(at + 4);
      if (end > bytes.length) break;
      this.#frame(bytes, at, end);
      at = end;
    }
    if (at < bytes.length) this.#partial = Buffer.from(bytes.subarray(at));
    return true;
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    const { counts, ackBytesOfFloor } = this.#options;
    if (!this.#isAwaiting) {
      if (this.#isJoined || ackBytesOfFloor !== undefined) return this.#fault(`${this.#id}: an answer too many`);
      return this.#redirected(bytes.subarray(start + 8, end));
    }
    this.#isAwaiting = false;
    counts.acks++;
    counts.ackBytes = end - start;
    if (ackBytesOfFloor !== undefined) {
      if (end - start !== ackBytesOfFloor) this.#fault(`an answer of ${end - start} bytes, not ${ackBytesOfFloor}`);
    } else if (this.#check === undefined) {
      this.#acknowledged(bytes.subarray(start, end));
    } else if (this.#check.isRight(bytes, start, end)) {
      bytes.copy(
        this.#report,
        stampOffset(this.#report),
        start + this.#check.stampAt,
        start + this.#check.stampAt + 16,
      );
    } else this.#fault(`${this.#id}: a wrong ack: ${bytes.toString("hex", start, end)}`);
    if (this.#isJoined) return;
    this.#isJoined = true;
    this.#tellJoined();
  }

  /** Who leads: the first report goes there without an echo. */
  #redirected(payload: Buffer): void {
    const { body } = this.#options.core.decodeMessage(payload);
    if (body.type !== "redirect" || body.for !== this.#incarnation || body.leaderId !== "leader") {
      return this.#fault(`${this.#id}: ${JSON.stringify(body)} instead of a redirect to the leader`);
    }
    this.#prepare(body.leaderEpoch, false);
    this.#epoch = body.leaderEpoch;
    this.#isAwaiting = true;
    this.#options.counts.reports++;
    this.#socket.write(this.#report);
  }

  /** The first Ack: from now on reports echo. */
  #acknowledged(frame: Buffer): void {
    try {
      this.#check = new AckCheck(this.#options.core, frame, { incarnation: this.#incarnation, epoch: this.#epoch });
    } catch (error) {
      return this.#fault(`${this.#id}: ${error instanceof Error ? error.message : error}`);
    }
    this.#prepare(this.#epoch, true);
    frame.copy(this.#report, stampOffset(this.#report), this.#check.stampAt, this.#check.stampAt + 16);
  }

  #fault(what: string): void {
    const { counts } = this.#options;
    counts.wrong++;
    if (counts.firstFault === "") counts.firstFault = what;
  }
}
