/** Candidates and a model of etcd in virtual time, with faults, drift and what must hold at every instant. */
import { Random } from "@lab/simnet";
import type { EtcdOutput, EtcdRequest } from "../../src/core/etcd-contract.js";
import { createEtcdElection, type EtcdElection } from "../../src/core/etcd-election.js";
import { EtcdRules } from "../../src/core/etcd-rules.js";
import { FencedResource, type Now } from "../../src/core/index.js";
import { EtcdModel } from "./etcd-model.js";

/** Of every clock, here as in the options. */
export const CLOCK_ERROR = 0.03;

export interface EtcdFault {
  readonly kind: "cut" | "loseKeepAlives" | "pause" | "sleep" | "wallStep" | "resign" | "etcdDown";
  readonly node: number;
  readonly atMs: number;
  readonly forMs: number;
}

export interface EtcdPlan {
  readonly seed: number;
  readonly nodes: number;
  readonly ttlSeconds: number;
  /** The largest delays, on the way to etcd and back. */
  readonly delayMs: number;
  readonly answerDelayMs: number;
  readonly loss: number;
  readonly faults: readonly EtcdFault[];
}

export interface EtcdRunOptions {
  readonly rules?: EtcdRules;
  /** The flag that was set by `elected` and `stepDown`, instead of `isLeader()`: a mutant. */
  readonly trustsFlag?: boolean;
}

export interface EtcdRun {
  /** What of safety was broken first. */
  readonly violation: string | undefined;
  /** What was not as it should be in the calm at the end. */
  readonly unrest: string | undefined;
  readonly elections: number;
}

export const FAULTS_END_MS = 30_000;
const SAMPLE_MS = 37;

class SimulatedCandidate {
  readonly machine: EtcdElection;
  readonly name: string;
  readonly rate: number;
  flag = false;
  wallStepMs = 0;
  sleptMs = 0;
  /** Frozen until then: nothing is handled, and nobody asks. */
  frozenUntil = 0;
  sleepsFrom: number | undefined;
  cutUntil = 0;
  losesKeepAlivesUntil = 0;
  wakeAt = Number.POSITIVE_INFINITY;
  readonly watches = new Map<number, () => void>();

  constructor(name: string, rate: number, machine: EtcdElection) {
    this.name = name;
    this.rate = rate;
    this.machine = machine;
  }

  clocks(at: number): Now {
    const slept = this.sleptMs + (this.sleepsFrom === undefined ? 0 : at - this.sleepsFrom);
    return { mono: (at - slept) * this.rate, wall: 1_700_000_000_000 + this.wallStepMs + at * this.rate };
  }
}

type Action = () => void;

class EtcdWorld {
  readonly #plan: EtcdPlan;
  readonly #random: Random;
  readonly #model: EtcdModel;
  readonly #serverRate: number;
  readonly #candidates: SimulatedCandidate[] = [];
  /** The next one last. */
  readonly #queue: { readonly at: number; readonly action: Action }[] = [];
  readonly #resource = new FencedResource();
  readonly #trustsFlag: boolean;
  #now = 0;
  #etcdDownUntil = 0;
  #elections = 0;
  #violation: string | undefined;

  constructor(plan: EtcdPlan, { rules = new EtcdRules(), trustsFlag = false }: EtcdRunOptions) {
    this.#plan = plan;
    this.#trustsFlag = trustsFlag;
    this.#random = new Random(plan.seed);
    this.#serverRate = this.#rate();
    this.#model = new EtcdModel({ lagMs: () => (this.#random.chance(0.5) ? 0 : this.#random.integer(0, 500)) });
    for (let index = 0; index < plan.nodes; index++) {
      const id = `c${index}`;
      const options = { endpoints: ["http://a:1", "http://b:1"], id, ttlSeconds: plan.ttlSeconds };
      const machine = createEtcdElection({ ...options, clockError: CLOCK_ERROR }, rules);
      const candidate = new SimulatedCandidate(id, this.#rate(), machine);
      this.#candidates.push(candidate);
      this.#at(this.#random.integer(0, 300), () => this.#feed(candidate, { type: "start" }));
    }
    for (const fault of plan.faults) this.#at(fault.atMs, () => this.#begin(fault));
  }

  run(untilMs: number): EtcdRun {
    this.#at(SAMPLE_MS, () => this.#sample());
    while (this.#violation === undefined) {
      const event = this.#queue.pop();
      if (event === undefined || event.at > untilMs) break;
      this.#now = Math.max(this.#now, event.at);
      this.#model.expire(this.#serverNow);
      event.action();
      this.#check();
    }
    return { violation: this.#violation, unrest: this.#unrest(), elections: this.#elections };
  }

  /** At the edges of what is tolerated as often as between. */
  #rate(): number {
    const error = this.#random.chance(0.5) ? 1 : this.#random.unit();
    return this.#random.chance(0.5) ? 1 + error * CLOCK_ERROR : 1 - error * CLOCK_ERROR;
  }

  get #serverNow(): number {
    return this.#now * this.#serverRate;
  }

  #at(at: number, action: Action): void {
    let low = 0;
    for (let high = this.#queue.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle]?.at ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, { at, action });
  }

  #sample(): void {
    this.#at(this.#now + SAMPLE_MS, () => this.#sample());
  }

  #leads(candidate: SimulatedCandidate): boolean {
    if (candidate.frozenUntil > this.#now) return false; // it does nothing, and asks nothing
    return this.#trustsFlag ? candidate.flag : candidate.machine.isLeader(candidate.clocks(this.#now));
  }

  #check(): void {
    const leaders = this.#candidates.filter((one) => this.#leads(one));
    if (leaders.length > 1) this.#broken(`${leaders.map(({ name }) => name).join(" and ")} lead at ${this.#now}`);
    for (const leader of leaders) {
      const token = leader.machine.token(leader.clocks(this.#now));
      if (token !== undefined && !this.#resource.tryAccept(token)) this.#broken(`the token of ${leader.name} fell`);
    }
  }

  #unrest(): string | undefined {
    const [leader, ...others] = this.#candidates.filter((one) => this.#leads(one));
    if (leader === undefined || others.length > 0) return `${leader === undefined ? 0 : 1 + others.length} lead`;
    const astray = this.#candidates.find((one) => one.machine.leader(one.clocks(this.#now))?.id !== leader.name);
    return astray && `${astray.name} does not follow ${leader.name}`;
  }

  #broken(what: string): void {
    this.#violation ??= what;
  }

  #feed(candidate: SimulatedCandidate, input: Parameters<EtcdElection["handle"]>[1]): void {
    if (candidate.frozenUntil > this.#now) {
      // What waits is handled after the thaw, in any order.
      const after = candidate.frozenUntil + this.#random.integer(0, 2);
      this.#at(after, () => this.#feed(candidate, input));
      return;
    }
    for (const output of candidate.machine.handle(candidate.clocks(this.#now), input)) this.#perform(candidate, output);
    this.#arm(candidate);
  }

  #arm(candidate: SimulatedCandidate): void {
    const deadline = candidate.machine.nextDeadline();
    if (deadline === undefined) return;
    const delay = Math.max(0, (deadline - candidate.clocks(this.#now).mono) / candidate.rate);
    const at = this.#now + Math.min(delay, 10_000) + this.#random.integer(0, 3);
    if (candidate.wakeAt > this.#now && at >= candidate.wakeAt) return;
    candidate.wakeAt = at;
    this.#at(at, () => {
      if (candidate.wakeAt === at) this.#feed(candidate, { type: "tick" });
    });
  }

  #perform(candidate: SimulatedCandidate, output: EtcdOutput): void {
    if (output.type === "request") this.#request(candidate, output);
    else if (output.type === "cancel") this.#endWatch(candidate, output.id);
    else if (output.type === "elected") {
      candidate.flag = true;
      this.#elections++;
    } else if (output.type === "stepDown") candidate.flag = false;
  }

  #isLost(candidate: SimulatedCandidate, path: string): boolean {
    if (Math.max(candidate.cutUntil, this.#etcdDownUntil) > this.#now) return true;
    if (path === "/v3/lease/keepalive" && candidate.losesKeepAlivesUntil > this.#now) return true;
    return this.#now < FAULTS_END_MS && this.#random.chance(this.#plan.loss);
  }

  #delay(largestMs: number): number {
    const delayMs = this.#now < FAULTS_END_MS ? largestMs : 5;
    return this.#random.chance(0.3) ? this.#random.unit() * delayMs : this.#random.unit() * Math.min(delayMs, 20);
  }

  #request(candidate: SimulatedCandidate, { id, path, body, timeoutMs, isWatch }: EtcdRequest): void {
    this.#at(this.#now + timeoutMs / candidate.rate, () => {
      this.#endWatch(candidate, id);
      this.#feed(candidate, { type: "failed", id, message: "no answer in time" });
    });
    const answer = (input: Parameters<EtcdElection["handle"]>[1]): void => {
      if (this.#isLost(candidate, path)) return;
      this.#at(this.#now + this.#delay(this.#plan.answerDelayMs), () => this.#feed(candidate, input));
    };
    if (this.#isLost(candidate, path)) return;
    this.#at(this.#now + this.#delay(this.#plan.delayMs), () => {
      if (isWatch) {
        const end = this.#model.watch(this.#serverNow, body, (line) => answer({ type: "line", id, body: line }));
        candidate.watches.set(id, end);
      } else answer({ type: "reply", id, ...this.#model.post(this.#serverNow, path, body) });
    });
  }

  #endWatch(candidate: SimulatedCandidate, id: number): void {
    candidate.watches.get(id)?.();
    candidate.watches.delete(id);
  }

  #begin({ kind, node, forMs }: EtcdFault): void {
    const candidate = this.#candidates[node % this.#candidates.length] as SimulatedCandidate;
    const until = Math.min(this.#now + forMs, FAULTS_END_MS);
    if (kind === "cut") candidate.cutUntil = until;
    else if (kind === "loseKeepAlives") candidate.losesKeepAlivesUntil = until;
    else if (kind === "etcdDown") this.#etcdDownUntil = until;
    else if (kind === "wallStep") {
      // Set back while the machine sleeps is what two clocks cannot show (E13).
      if (candidate.sleepsFrom === undefined) candidate.wallStepMs += forMs % 2 === 0 ? forMs : -forMs;
    } else if (kind === "resign") {
      const leader = this.#candidates.find((one) => this.#leads(one)) ?? candidate;
      this.#feed(leader, forMs % 2 === 0 ? { type: "resign" } : { type: "resign", to: candidate.name });
    } else if (candidate.frozenUntil <= this.#now) {
      candidate.frozenUntil = until;
      if (kind === "pause") {
        this.#at(until, () => {}); // at the thaw, the first that happens is that somebody asks
        return;
      }
      candidate.sleepsFrom = this.#now;
      this.#at(until, () => {
        candidate.sleptMs += until - (candidate.sleepsFrom ?? until);
        candidate.sleepsFrom = undefined;
        candidate.wakeAt = 0;
        this.#feed(candidate, { type: "clockJump" });
      });
    }
  }
}

export function runEtcdPlan(plan: EtcdPlan, options: EtcdRunOptions = {}): EtcdRun {
  return new EtcdWorld(plan, options).run(FAULTS_END_MS + 5 * plan.ttlSeconds * 1_000 + 5_000);
}
