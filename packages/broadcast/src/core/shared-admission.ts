/** What a gateway asks the shared log before it says WELCOME, again and again until the outcome is known (docs/broadcast.md B8, B9, B38). */

import { ID_BYTES } from "./codec.js";
import type { Connection } from "./connection.js";
import { isZero, toHex } from "./hex.js";
import type { Hello } from "./messages.js";
import type { ServerContext } from "./server-context.js";
import type { SharedAnswer } from "./server-contract.js";
import type { SharedRequests } from "./shared-requests.js";
import type { SharedRetries } from "./shared-retries.js";

/** The log knows the connection's session, or refuses it. */
export interface Attachment {
  readonly clientId: string;
  readonly owner: string;
  readonly answer: Extract<SharedAnswer, { op: "attach" }>;
  /** The session was made for this connection. */
  readonly made: boolean;
}

type Attached = (attachment: Attachment, now: number) => void;

export class SharedAdmission {
  readonly #context: ServerContext;
  readonly #requests: SharedRequests;
  readonly #retries: SharedRetries;
  /** What is asked in the next turn. */
  #due: ((now: number) => void)[] = [];

  constructor(context: ServerContext, requests: SharedRequests, retries: SharedRetries) {
    this.#context = context;
    this.#requests = requests;
    this.#retries = retries;
  }

  /** How much is held is asked of the log: what this gateway holds is but the end of it. Says nothing once the connection is gone. */
  observe(connection: Connection, now: number, observed: (firstRetained: number, now: number) => void): void {
    this.#requests.ask({ op: "read", from: 1, maxBytes: 1 }, now, (answer, then) => {
      if (connection.state !== "room") return;
      if (answer === undefined) this.#retries.add((later) => this.observe(connection, later, observed), then);
      else observed(Math.max(1, answer.firstRetained), then);
    });
  }

  /**
   * Finds or makes the session of a HELLO, in the next turn: where the HELLO was read late, the end of its connection is read with
   * it, and the client may have its session elsewhere, which must not be taken from it (B39). The connection may be gone when the
   * session is found: it is owned here all the same.
   */
  attach(connection: Connection, hello: Hello, now: number, attached: Attached): void {
    const owner = toHex(this.#context.platform.randomBytes(ID_BYTES));
    this.#due.push((then) => {
      if (connection.state === "room") this.#attach(connection, hello, owner, then, attached);
    });
    this.#context.out.wake(now);
  }

  tick(now: number): void {
    const due = this.#due;
    this.#due = [];
    for (const ask of due) ask(now);
  }

  #attach(connection: Connection, hello: Hello, owner: string, now: number, attached: Attached, before?: string): void {
    const clientId = toHex(hello.clientId);
    const hasToken = !isZero(hello.token);
    // A client whose session is not known keeps its token: it would not learn of another if its WELCOME were lost.
    const freshToken = before ?? toHex(hasToken ? hello.token : this.#context.platform.randomBytes(ID_BYTES));
    // An attach of which the outcome is not known may have made the session, with this token.
    const token = hasToken ? toHex(hello.token) : (before ?? "");
    const request = { op: "attach", clientId, token, freshToken, name: hello.name, owner } as const;
    this.#requests.ask(request, now, (answer, then) => {
      if (answer === undefined) {
        if (connection.state !== "room") return;
        this.#retries.add((later) => {
          if (connection.state === "room") this.#attach(connection, hello, owner, later, attached, freshToken);
        }, then);
        return;
      }
      const { outcome, lastClientSeq } = answer;
      // Where it was asked before, what the first answer would have been is not known: a session that has nothing may be new.
      const isPerhaps = before !== undefined && lastClientSeq === 0;
      const made = outcome === "made" || outcome === "expired" || isPerhaps;
      attached({ clientId, owner, answer, made }, then);
    });
  }
}
