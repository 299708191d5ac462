/** A command that a test plays: what it prints, makes and how it ends. */
import type { RunEnd } from "../../src/core/messages.js";
import type { Job, StreamName } from "../../src/core/server-contract.js";
import { bytesOf, sha256 } from "./fake-platform.js";
import type { Rig } from "./rig.js";

export const NO_BYTES: Uint8Array = new Uint8Array(0);

export const exited = (code = 0, changes: Partial<RunEnd> = {}): RunEnd => ({
  ...{ end: "EXITED", code, cpuMicros: 1_000, peakBytes: 4_096, wallMicros: 2_000, text: "" },
  ...changes,
});

interface FakeStream {
  unread: Uint8Array;
  isClosed: boolean;
  /** Bytes that a pull may be answered with; 0: there is none. */
  asked: number;
}

export interface MadeFile {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

export class FakeRun {
  readonly #rig: Rig;
  readonly id: number;
  readonly job: Job;
  readonly streams: Record<StreamName, FakeStream> = {
    stdout: { unread: NO_BYTES, isClosed: false, asked: 0 },
    stderr: { unread: NO_BYTES, isClosed: false, asked: 0 },
  };
  readonly made: MadeFile[] = [];
  readonly kills: boolean[] = [];
  /** Ends at a SIGTERM, and its streams with it. */
  heeds = true;
  isStarted = false;
  isOver = false;
  isRemoved = false;
  removes = 0;
  collects = 0;

  constructor(rig: Rig, id: number, job: Job) {
    this.#rig = rig;
    this.id = id;
    this.job = job;
  }

  print(content: string | Uint8Array, stream: StreamName = "stdout"): this {
    const one = this.streams[stream];
    const added = typeof content === "string" ? bytesOf(content) : content;
    const unread = new Uint8Array(one.unread.length + added.length);
    unread.set(one.unread);
    unread.set(added, one.unread.length);
    one.unread = unread;
    this.feed(stream);
    return this;
  }

  /** Answers a pull where there is something to answer. */
  feed(stream: StreamName): void {
    const one = this.streams[stream];
    if (one.asked === 0 || this.isRemoved) return;
    const bytes = one.unread.slice(0, one.asked);
    if (bytes.length === 0 && !one.isClosed) return;
    one.asked = 0;
    one.unread = one.unread.subarray(bytes.length);
    if (bytes.length > 0) this.#rig.tell({ type: "printed", run: this.id, stream, bytes });
    else this.#rig.tell({ type: "streamEnded", run: this.id, stream });
  }

  makes(path: string, content: string | Uint8Array, mode = 0o644): this {
    this.made.push({ path, mode, bytes: typeof content === "string" ? bytesOf(content) : content });
    return this;
  }

  closes(stream: StreamName): this {
    this.streams[stream].isClosed = true;
    this.feed(stream);
    return this;
  }

  /** Its first process is gone; its streams with it, unless they are held open by another. */
  exits(end: RunEnd | number = 0, holdsStreams = false): this {
    if (this.isOver) return this;
    this.isOver = true;
    this.#rig.tell({ type: "ended", run: this.id, end: typeof end === "number" ? exited(end) : end });
    if (!holdsStreams) this.closes("stdout").closes("stderr");
    return this;
  }

  killed(hard: boolean): void {
    this.kills.push(hard);
    if (!hard && !this.heeds) return;
    this.exits(exited(hard ? 9 : 15, { end: "SIGNALLED" }));
    this.closes("stdout").closes("stderr");
  }

  get found(): { path: string; mode: number; size: number; digest: string }[] {
    return this.made.map(({ path, mode, bytes }) => ({ path, mode, size: bytes.length, digest: sha256(bytes) }));
  }
}
