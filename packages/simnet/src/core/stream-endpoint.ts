/** One end of a connection: its sending and receiving halves, its timer, and what its program is told, and when. */

import type { Endpoint, NodeInput } from "./contract.js";
import { SimnetError } from "./errors.js";
import type { Scheduled } from "./event-queue.js";
import type { Random } from "./random.js";
import type { SimulatedNode } from "./simulated-node.js";
import type { ResolvedStreamOptions } from "./stream-options.js";
import { StreamReceiver } from "./stream-receiver.js";
import { lengthOf, NO_BYTES, type Segment } from "./stream-segment.js";
import { StreamSender } from "./stream-sender.js";
import type { Timeline } from "./timeline.js";

/** Where an end is, and what it is called. */
export interface StreamEndpointPlace {
  readonly node: SimulatedNode;
  /** The program's number for it. */
  readonly id: number;
  /** The world's number of the connection. */
  readonly connection: number;
  /** The client asked for the connection. */
  readonly role: "client" | "server";
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** What an end needs of the network around it. */
export interface StreamSurroundings {
  readonly timeline: Timeline;
  transmit(from: StreamEndpoint, segment: Segment): void;
  /** It stands, or nobody answers: for the trace. */
  observed(endpoint: StreamEndpoint, what: "accept" | "timeout"): void;
  /** Nothing that arrives for it matters any more, but for `ended`: then its last words may have to be said again. */
  over(endpoint: StreamEndpoint, how: "ended" | "gone"): void;
  /** The program has heard the last of it. */
  forgotten(endpoint: StreamEndpoint): void;
}

export class StreamEndpoint {
  readonly place: StreamEndpointPlace;
  readonly #surroundings: StreamSurroundings;
  readonly #options: ResolvedStreamOptions;
  readonly #sender: StreamSender;
  readonly #receiver: StreamReceiver;
  #phase: "live" | "ended" | "failed" | "gone" = "live";
  #failure: "reset" | "timeout" | undefined;
  #isReading = true;
  #isAnnounced = false;
  #endTold = false;
  /** The limit that the other side was told last. */
  #toldLimit = 0;
  #timer: Timer | undefined;
  #turn: Turn | undefined;

  constructor(
    place: StreamEndpointPlace,
    surroundings: StreamSurroundings,
    options: ResolvedStreamOptions,
    random: Random,
  ) {
    this.place = place;
    this.#surroundings = surroundings;
    this.#options = options;
    this.#sender = new StreamSender(options, random.fork("sizes"));
    this.#receiver = new StreamReceiver(options, random.fork("reads"));
  }

  /** Bytes that the program wrote and that were not sent yet. */
  get unsentBytes(): number {
    return this.#sender.unsentBytes;
  }

  /** The client asks; the server answers. */
  open(): void {
    this.#sendWhatMayGo();
  }

  write(bytes: Uint8Array): void {
    if (this.#phase !== "live") return; // it is over, and the program will be told
    if (this.#sender.isEnding) misuse(this.place.node.name, this.place.id, "it writes after its end");
    this.#sender.write(bytes);
    this.#sendWhatMayGo();
  }

  end(): void {
    if (this.#phase !== "live") return;
    if (this.#sender.isEnding) misuse(this.place.node.name, this.place.id, "it ends what it has ended");
    this.#sender.end();
    this.#sendWhatMayGo();
  }

  setReading(isReading: boolean): void {
    this.#isReading = isReading;
    this.tellSoon();
  }

  /** The program drops it, or its host does. */
  reset(): void {
    if (this.#phase === "live") this.#transmit("reset", this.#sender.next, NO_BYTES);
    this.dispose();
  }

  /** It is gone without a word. */
  dispose(): void {
    const wasOver = this.#phase === "gone";
    this.#phase = "gone";
    this.#stopTimer();
    if (this.#turn !== undefined) this.#turn.cancelled = true;
    if (wasOver) return;
    this.#surroundings.over(this, "gone");
    this.#surroundings.forgotten(this);
  }

  /** @returns whether it brought something new */
  receive(segment: Segment): boolean {
    if (this.#phase === "failed" || this.#phase === "gone") return false;
    if (segment.carries === "reset") {
      if (this.#phase === "live") this.fail("reset");
      return true;
    }
    // Who asked for the connection takes no word for the answer but the answer itself: that may be lost, and never be said again.
    if (this.place.role === "client" && !this.#receiver.isOpen && segment.carries !== "opening") return false;
    const { now } = this.#surroundings.timeline;
    const wantsAnswer = segment.isProbe || lengthOf(segment) > 0;
    const wasOpen = this.#sender.isOpen;
    const again = this.#sender.acknowledge(now, segment.acknowledges, segment.limit, !wantsAnswer);
    const isNew = this.#receiver.accept(segment);
    if (this.place.role === "server" && !wasOpen && this.#sender.isOpen) this.#surroundings.observed(this, "accept");
    if (again !== undefined) this.#transmit(again.carries, again.sequence, again.bytes);
    const hasAnswered = this.#sendWhatMayGo() || again !== undefined;
    if (wantsAnswer && !hasAnswered) this.#transmit("nothing", this.#sender.next, NO_BYTES);
    return isNew;
  }

  /** It breaks off: the program is told as its last word. @returns false where it was over already */
  fail(why: "reset" | "timeout"): boolean {
    if (this.#phase !== "live") return false;
    this.#phase = "failed";
    this.#failure = why;
    this.#stopTimer();
    this.#surroundings.over(this, "gone");
    this.tellSoon();
    return true;
  }

  /** Sees to it that the program is told what there is to tell: one input in an event. */
  tellSoon(): void {
    if (this.#turn !== undefined || this.place.node.state !== "up" || !this.hasNews()) return;
    this.#turn = new Turn(this);
    this.#surroundings.timeline.schedule(this.#surroundings.timeline.now, this.#turn);
  }

  /** For `Turn` alone. */
  takeTurn(): void {
    this.#turn = undefined;
    const { node } = this.place;
    // Behind what waits for the program already: that may make it stop reading.
    if (node.isReady) this.#tell();
    this.tellSoon();
  }

  /** For `Timer` alone. */
  timerDue(): void {
    this.#timer = undefined;
    const { now } = this.#surroundings.timeline;
    const expiresAt = this.#sender.expiresAt(now);
    if (expiresAt === undefined || expiresAt > now) return this.#armTimer();
    const action = this.#sender.expired(now);
    if (action === "give-up") {
      this.#surroundings.observed(this, "timeout");
      this.fail("timeout");
      return;
    }
    if (action === "probe") this.#transmit("nothing", this.#sender.next, NO_BYTES, true);
    else this.#transmit(action.carries, action.sequence, action.bytes);
    this.#armTimer();
  }

  /** Whether there is something to tell the program. */
  hasNews(): boolean {
    if (this.#phase === "failed") return true;
    if (this.#phase !== "live") return false;
    if (!this.#sender.isOpen || !this.#receiver.isOpen) return false;
    if (!this.#isAnnounced || this.#sender.isDrained) return true;
    if (this.#isReading && (this.#receiver.hasBytes || (this.#receiver.isAtEnd && !this.#endTold))) return true;
    return this.#endTold && this.#sender.isDone;
  }

  #tell(): void {
    if (!this.hasNews()) return;
    const { id: connection } = this.place;
    if (this.#phase === "failed") return this.#tellFailure();
    if (!this.#isAnnounced) {
      this.#isAnnounced = true;
      return this.#deliver(this.#announcement());
    }
    if (this.#isReading && this.#receiver.hasBytes) {
      const bytes = this.#receiver.read();
      this.#deliver({ type: "bytes", connection, bytes });
      return this.#tellRoom();
    }
    if (this.#isReading && this.#receiver.isAtEnd && !this.#endTold) {
      this.#endTold = true;
      return this.#deliver({ type: "end", connection });
    }
    if (this.#sender.takeDrained()) return this.#deliver({ type: "drained", connection });
    this.#phase = "ended";
    this.#stopTimer();
    this.#surroundings.over(this, "ended");
    this.#surroundings.forgotten(this);
    this.#deliver({ type: "closed", connection, why: "ended" });
  }

  #tellFailure(): void {
    const { id: connection, role } = this.place;
    const why = this.#failure ?? "reset";
    this.#phase = "gone";
    this.#surroundings.forgotten(this);
    if (this.#isAnnounced) return this.#deliver({ type: "closed", connection, why });
    if (role === "client") {
      this.#deliver({ type: "failed", connection, why: why === "timeout" ? "timeout" : "refused" });
    }
  }

  #announcement(): NodeInput {
    const { id: connection, role, local, remote } = this.place;
    if (role === "client") return { type: "connected", connection };
    return { type: "accepted", connection, from: remote, port: local.port };
  }

  #deliver(input: NodeInput): void {
    this.place.node.deliver(input);
  }

  /** After a read: the other side may be waiting to hear that there is room. */
  #tellRoom(): void {
    if (this.#phase !== "live") return;
    const { mss, receiveBufferBytes } = this.#options;
    const worthwhile = Math.max(1, Math.min(2 * mss, receiveBufferBytes >> 1));
    if (this.#receiver.limit - this.#toldLimit >= worthwhile) this.#transmit("nothing", this.#sender.next, NO_BYTES);
  }

  /** @returns whether anything went out */
  #sendWhatMayGo(): boolean {
    const { now } = this.#surroundings.timeline;
    let hasSent = false;
    if (this.#phase === "live") {
      for (let next = this.#sender.nextSegment(now); next !== undefined; next = this.#sender.nextSegment(now)) {
        this.#transmit(next.carries, next.sequence, next.bytes);
        hasSent = true;
      }
      this.#armTimer();
    }
    this.tellSoon();
    return hasSent;
  }

  #transmit(carries: Segment["carries"], sequence: number, bytes: Uint8Array, isProbe = false): void {
    const limit = this.#receiver.limit;
    this.#toldLimit = limit;
    const acknowledges = this.#receiver.expected;
    this.#surroundings.transmit(this, { carries, sequence, bytes, acknowledges, limit, isProbe });
  }

  /** As with a node's deadline, a timer that comes too early is set again. */
  #armTimer(): void {
    const at = this.#sender.expiresAt(this.#surroundings.timeline.now);
    if (at === undefined) return this.#stopTimer();
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#stopTimer();
    this.#timer = new Timer(this, at);
    this.#surroundings.timeline.schedule(at, this.#timer);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#timer.cancelled = true;
    this.#timer = undefined;
  }
}

/** @throws SimnetError `PROGRAM_MISUSE` that names the node and the connection */
export function misuse(node: string, connection: number, what: string): never {
  throw new SimnetError("PROGRAM_MISUSE", `${node}, connection ${connection}: ${what}`);
}

class Turn implements Scheduled {
  cancelled = false;
  readonly #endpoint: StreamEndpoint;

  constructor(endpoint: StreamEndpoint) {
    this.#endpoint = endpoint;
  }

  perform(): void {
    this.#endpoint.takeTurn();
  }
}

class Timer implements Scheduled {
  cancelled = false;
  readonly at: number;
  readonly #endpoint: StreamEndpoint;

  constructor(endpoint: StreamEndpoint, at: number) {
    this.#endpoint = endpoint;
    this.at = at;
  }

  perform(): void {
    this.#endpoint.timerDue();
  }
}
