/** Asks one host what it is and what it would do now (`rake hosts`): opens, quotes, releases, and is gone (docs/rake.md R16, R19, R20). */

import { BuildContext } from "./build-context.js";
import { type BuildMachineOptions, resolveBuildOptions } from "./build-options.js";
import { type ActionMessage, HostLink, type LinkEnd } from "./host-link.js";
import { LearnedTable } from "./learned.js";
import type { HostFacts, PriceParts, Refusal } from "./messages.js";
import type { Platform } from "./platform.js";

export type ProbeInput =
  | { readonly type: "connected" }
  | { readonly type: "data"; readonly bytes: Uint8Array }
  | { readonly type: "closed"; readonly why: string }
  | { readonly type: "tick" };

export type ProbeOutput =
  | { readonly type: "send"; readonly bytes: Uint8Array }
  /** The last one: the connection is to be ended once what was sent has gone. */
  | { readonly type: "found"; readonly found: ProbedHost };

/** What was found out of a host. */
export type ProbedHost =
  | {
      readonly facts: HostFacts;
      /** For a second of work on a host of speed 1, without inputs. */
      readonly bid: PriceParts;
    }
  | { readonly facts: HostFacts; readonly refusal: { readonly reason: Refusal; readonly text: string } }
  | { readonly why: string };

/** What the bid is for; its duration is told, so that it is priced by the host's speed and load alone. */
const COMMAND = "true";
const WORK_MS = 1_000;
const ACTION = 1;

export class HostProbe {
  readonly #context: BuildContext;
  readonly #link: HostLink;
  #facts: HostFacts | undefined;
  #answerBy = Number.POSITIVE_INFINITY;
  #isOver = false;

  /** `connectMs`, `helloMs`, `answerMs` and `secret` are of use. Begins at the time 0 of `handle`. */
  constructor(options: BuildMachineOptions, platform: Platform) {
    const plan = { hosts: [], sets: [] };
    this.#context = new BuildContext(plan, resolveBuildOptions(options), platform, new LearnedTable(undefined));
    this.#link = new HostLink(this.#context, {
      welcome: (facts) => this.#welcome(facts),
      message: (message) => this.#message(message),
    });
  }

  handle(now: number, input: ProbeInput): ProbeOutput[] {
    if (this.#isOver) return [];
    this.#context.now = Math.max(this.#context.now, now);
    const found: ProbeOutput[] = [];
    const over = (one: ProbedHost): void => {
      this.#isOver = true;
      found.push({ type: "found", found: one });
    };
    this.#found = over;
    if (input.type === "connected") this.#link.connected();
    else if (input.type === "data") this.#ended(this.#link.receive(input.bytes));
    else if (input.type === "closed") over({ why: input.why });
    else this.#tick();
    const sent = this.#context.take().flatMap((output) => (output.type === "send" ? [{ ...output }] : []));
    return [...sent.map(({ bytes }) => ({ type: "send" as const, bytes })), ...found];
  }

  nextDeadline(): number | undefined {
    return this.#isOver ? undefined : Math.min(this.#link.nextDeadline(), this.#answerBy);
  }

  #found: (one: ProbedHost) => void = () => {};

  #tick(): void {
    if (this.#context.now >= this.#answerBy) {
      this.#found({ why: `no answer to a QUOTE within ${this.#context.settings.answerMs} ms` });
    } else {
      this.#ended(this.#link.tick());
    }
  }

  #ended(end: LinkEnd | undefined): void {
    if (end === undefined || this.#isOver) return;
    if (end.bye !== undefined) this.#link.say({ type: "BYE", ...end.bye });
    this.#found({ why: end.why });
  }

  #welcome(facts: HostFacts): void {
    this.#facts = facts;
    this.#answerBy = this.#context.now + this.#context.settings.answerMs;
    const quote = { kind: COMMAND, command: COMMAND, workMs: WORK_MS, inputs: [], resources: [] };
    this.#link.say({ type: "QUOTE", actionId: ACTION, ...quote });
  }

  #message(message: ActionMessage): void {
    const facts = this.#facts;
    if (facts === undefined || this.#isOver || message.actionId !== ACTION) return;
    if (message.type === "BID") {
      const { queueMs, runMs, transferMs, chargeMs, reservation } = message;
      this.#link.say({ type: "RELEASE", actionId: ACTION, reservation });
      this.#link.say({ type: "BYE", code: "END", text: "" });
      this.#found({ facts, bid: { queueMs, runMs, transferMs, chargeMs } });
    } else if (message.type === "REFUSE") {
      const { reason, text } = message;
      this.#link.say({ type: "BYE", code: "END", text: "" });
      this.#found({ facts, refusal: { reason, text } });
    }
  }
}
