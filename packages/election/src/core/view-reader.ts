/** A person's tool that asks a node about its cluster, page by page (election rules E62 to E66). */

import type { ClusterView, HostRow } from "./contract.js";
import { Envelope } from "./envelope.js";
import { LocalProtocolError, RemoteProtocolError } from "./errors.js";
import type { Body, BodyOf, Header } from "./messages.js";
import { MAX_ID_BYTES } from "./messages.js";
import { hex } from "./node-state.js";
import { text } from "./option-checks.js";
import { type Platform, resolveSealing } from "./options.js";
import { malformed } from "./wire.js";

export interface ViewReaderOptions {
  /** As the option of the nodes. 1 to 64 bytes. Default `lab`. */
  readonly cluster?: string | undefined;
  /** As the option of the nodes. Default none. */
  readonly secret?: Uint8Array | undefined;
  readonly platform: Platform;
}

/** Rows of the largest table that is read. A leader keeps 20,000 hosts unless it is told otherwise. */
const MAX_ROWS = 100_000;
/** How often a table may change while it is read. */
const MAX_RESTARTS = 8;

/**
 * Sends `ask()` on a connection to a node and hands what comes back to `read()`, until that gives a view.
 * One question at a time; it can be asked again afterwards, and on another connection.
 */
export class ViewReader {
  readonly #envelope: Envelope;
  readonly #incarnation: string;
  /** The pages so far: all of one table. */
  #rows: HostRow[] = [];
  #table = { snapshot: 0, total: 0, incarnation: "" };
  #restarts = 0;

  /** @throws TypeError or RangeError that names the wrong option */
  constructor(options: ViewReaderOptions) {
    const sealing = resolveSealing(options);
    this.#envelope = new Envelope(sealing);
    this.#incarnation = hex(sealing.platform.randomBytes(8));
  }

  /** The payload of the next question. */
  ask(): Uint8Array {
    return this.#seal({ type: "watch", first: this.#rows.length });
  }

  /**
   * What the node answered, once it is complete; undefined: ask again. Where the leader ranked its hosts anew between two
   * pages, it begins anew, so that all rows are of one table.
   * @throws RemoteProtocolError for whatever is not the answer to the last question; `UNSTEADY` where the table changed more
   * than 8 times while it was read; `TOO_MANY_ROWS` above 100,000
   */
  read(payload: Uint8Array): ClusterView | undefined {
    try {
      return this.#read(payload);
    } catch (error) {
      this.#begin();
      this.#restarts = 0;
      throw error;
    }
  }

  /**
   * The payload that asks the leader to hand over, to the host `to` or to the next in line. It is answered by a View too.
   * @param view of the leader, as `read` gave it
   * @throws LocalProtocolError `NOT_LEADER` where the view is of another node; TypeError or RangeError for a wrong `to`
   */
  retire(view: ClusterView, to?: string): Uint8Array {
    const { role, leader, incarnation } = view;
    if (role !== "leader" || leader === undefined) {
      throw new LocalProtocolError("NOT_LEADER", `${view.id} does not lead, it is ${role}`);
    }
    const target = to === undefined ? "" : text("to", to, MAX_ID_BYTES);
    this.#begin();
    return this.#seal({ type: "retire", for: incarnation, epoch: leader.epoch, to: target });
  }

  #seal(body: Body): Uint8Array {
    return this.#envelope.seal({ epoch: 0, incarnation: this.#incarnation, sender: "" }, body);
  }

  #begin(): void {
    this.#rows = [];
  }

  #read(payload: Uint8Array): ClusterView | undefined {
    const { header, body } = this.#envelope.open(payload);
    const asked = this.#rows.length;
    if (body.type !== "view" || body.for !== this.#incarnation || body.first !== asked) {
      throw malformed("not the answer to the question");
    }
    const { incarnation } = header;
    const { snapshot, total, rows } = body;
    if (total > MAX_ROWS) throw new RemoteProtocolError("TOO_MANY_ROWS", `${total} rows, not ${MAX_ROWS} at most`);
    const { snapshot: before, total: expected, incarnation: of } = this.#table;
    if (asked > 0 && (snapshot !== before || total !== expected || incarnation !== of)) return this.#restart();
    if (asked + rows.length > total || (rows.length === 0 && asked < total)) throw malformed("rows that cannot be");
    this.#table = { snapshot, total, incarnation };
    this.#rows.push(...rows);
    if (this.#rows.length < total) return undefined;
    const view = viewOf(header, body, this.#rows);
    this.#begin();
    this.#restarts = 0;
    return view;
  }

  #restart(): undefined {
    if (++this.#restarts > MAX_RESTARTS) {
      throw new RemoteProtocolError("UNSTEADY", `the table changed ${this.#restarts} times while it was read`);
    }
    this.#begin();
  }
}

function viewOf(header: Header, body: BodyOf<"view">, hosts: readonly HostRow[]): ClusterView {
  const { leaderId, leaderAddress, leaderEpoch } = body;
  return {
    id: header.sender,
    address: body.address,
    incarnation: header.incarnation,
    mode: body.mode,
    role: body.role,
    epoch: header.epoch,
    leader: leaderId === "" ? undefined : { id: leaderId, address: leaderAddress, epoch: leaderEpoch },
    fallbacks: body.fallbacks,
    leaseMs: body.leaseMs,
    leaseRemainingMs: body.leaseRemainingMs,
    hosts,
  };
}
