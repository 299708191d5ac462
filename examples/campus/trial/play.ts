/** A campus whose leader is killed in the middle of builds, and what came of them. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { UdpProxy } from "@lab/simnet";
import type { Heard } from "../src/output.js";
import { digestOf } from "../src/tasks.js";
import { type Action, Campus } from "./campus.js";
import { layOutLibrary } from "./library.js";

export interface PlayOptions {
  /** 3 to 7. */
  readonly nodes: number;
  /** Builds in which the leader is killed. */
  readonly kills: number;
  readonly signal: AbortSignal;
  /** Told in words what happens. */
  readonly say: (line: string) => void;
}

/** A build in which the leader was killed. */
export interface Round {
  readonly builder: string;
  readonly killed: string;
  readonly next: string;
  readonly epoch: number;
  /** Actions of the build; those that had begun when the leader was dead, and those that began later. */
  readonly actions: number;
  readonly begun: number;
  readonly begunLater: number;
  /** Whether the room had the end of the build when the leader was dead. */
  readonly wasOver: boolean;
  /** Whether another's action ran at the leader, and did not end. */
  readonly wasBusy: boolean;
  readonly retries: number;
  readonly hostsLost: number;
  readonly sha256: string;
  /** Whether each artefact is what the same words come to without a campus. */
  readonly isRight: boolean;
  /**
   * Entries of the room, and whether all were given them alike, the one that was started again too, and its process of before
   * those that it lived to hear.
   */
  readonly entries: number;
  readonly doAgree: boolean;
}

export interface Facts {
  readonly rounds: readonly Round[];
  /** The SHA-256 of what was built, of its copy over HFTP, and of that over a link that loses packets. */
  readonly built: string;
  readonly fetched: string;
  readonly pushed: string;
  readonly packetsLost: number;
  /** All builds and copies are right, all transcripts agree. */
  readonly isProven: boolean;
}

interface Built {
  readonly builder: string;
  readonly sha256: string;
}

const ARTEFACT = "words.txt";
/** A leader at which nothing runs is killed when so many actions have begun elsewhere. */
const MOST_BEGUN = 5;
/** The leader itself is who builds, every so many rounds: it goes on when it is started again. */
const OWN_EVERY = 3;
/** A machine that is busy needs some of them. */
const MOST_TRIES = 20;
const LOSSY = { latencyMs: 1, drop: 0.05, duplicate: 0.02, reorder: 0.02, reorderMs: 2, corrupt: 0.02 };

/** @throws Error where something did not happen in time, or a node failed */
export async function play({ nodes, kills, signal, say }: PlayOptions): Promise<Facts> {
  await using campus = new Campus(nodes, signal, say);
  await campus.start();
  say(`${nodes} processes, of which ${campus.voters.join(", ")} vote; ${campus.desk.leader} leads, and has the room`);
  for (const { id, rake, files, box } of campus.desk.servers) {
    say(`  ${id} serves builds on port ${rake}, files on ${files}, a box on ${box}`);
  }
  const rounds: Round[] = [];
  for (let number = 1; number <= kills; number++) {
    const round = await killInBuild(() => playRound(campus, number, say), say);
    rounds.push(round);
    say(rowOf(number, round));
  }
  const { builder, sha256 } = rounds.at(-1) ?? (await buildInPeace(campus));
  const copies = await carry(campus, { builder, sha256 }, say);
  const areRight = copies.fetched === sha256 && copies.pushed === sha256;
  return { rounds, built: sha256, ...copies, isProven: areRight && rounds.every(isProof) };
}

async function buildInPeace(campus: Campus): Promise<Built> {
  const builder = campus.ids.findLast((id) => id !== campus.desk.leader) ?? "";
  layOutLibrary(campus.project(builder), 0);
  await campus.said("built", await campus.ask(builder, "build"));
  return { builder, sha256: campus.desk.offer(builder, ARTEFACT).sha256 };
}

/** Plays a round until the leader died in the middle of it. @throws Error where that does not come about */
export async function killInBuild(
  playRound: () => Promise<Round | string>,
  say: (line: string) => void,
): Promise<Round> {
  let why = "";
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const round = await playRound();
    if (typeof round !== "string" && isInMiddle(round)) return round;
    why = typeof round === "string" ? round : `the build was over before ${round.killed} was dead`;
    say(`${why}: once more`);
  }
  throw new Error(`no leader died in the middle of a build, ${MOST_TRIES} times: ${why}`);
}

/** What of a build was still to do when the leader was dead. */
export function isInMiddle({ wasOver, begun, actions, begunLater }: Round): boolean {
  return !wasOver && begun > 0 && begun < actions && begunLater > 0;
}

/** Whether a round shows that a build outlives the leader, and is right. */
export function isProof(round: Round): boolean {
  const wasNoticed = !round.wasBusy || round.hostsLost > 0;
  return isInMiddle(round) && wasNoticed && round.isRight && round.doAgree;
}

/** A round; or why there was none, where the lead went elsewhere by itself. */
export async function playRound(campus: Campus, edition: number, say: (line: string) => void): Promise<Round | string> {
  const { id: killed = "", epoch: before = 0 } = campus.lead ?? {};
  const others = campus.ids.filter((id) => id !== killed);
  const isOwn = edition % OWN_EVERY === 0;
  const builder = isOwn ? killed : (others[edition % others.length] ?? "");
  const { digests, actions } = layOutLibrary(campus.project(builder), edition);
  const begunBefore = campus.actions.length;
  const begun = (): readonly Action[] => campus.actions.slice(begunBefore);
  const runsAt = (id: string): boolean => begun().some(({ worker, hasEnded }) => worker === id && !hasEnded);
  const asked = await campus.ask(builder, "build");
  const built = () => campus.said("built", asked, (one) => one.asked === asked);
  await campus.until(() => runsAt(killed) || begun().length >= MOST_BEGUN, `a build at ${builder}`);
  const { id: leader = "" } = campus.lead ?? {};
  if (leader !== killed) {
    await built();
    return `the lead went from ${killed} to ${leader} by itself`;
  }
  const last = await campus.kill(killed);
  const atDeath = { wasOver: campus.isBuilt(asked), begun: begun().length };
  say(`${builder} builds; ${killed}, which leads, is killed with SIGKILL when ${atDeath.begun} action(s) have begun`);

  const { id: next, epoch, number: since } = await campus.said("leads", 0, (one) => one.epoch > before);
  if (isOwn) await campus.launch(killed);
  const { retries, hostsLost, number: entries } = await built();
  const facts = { wasBusy: !isOwn && runsAt(killed), begunLater: begun().length - atDeath.begun };
  const offered = (name: string): string => campus.desk.offer(builder, name).sha256;
  const isRight = Object.entries(digests).every(([name, sha256]) => offered(name) === sha256);
  if (!isOwn) await campus.launch(killed);
  await campus.said("serves", since, ({ id }) => id === killed);
  const transcripts = await Promise.all(campus.ids.map((id) => campus.transcript(id, entries)));
  const proof = { sha256: offered(ARTEFACT), isRight, entries, doAgree: agree(transcripts, last, entries) };
  return { builder, killed, next, epoch, actions, ...atDeath, ...facts, retries, hostsLost, ...proof };
}

/** Whether all have every entry up to a number, and the dead one as many of them as it lived to hear. */
export function agree(transcripts: readonly (readonly Heard[])[], dead: readonly Heard[], upTo: number): boolean {
  const [first = []] = transcripts;
  const isWhole = first.length === upTo && first.every(({ number }, index) => number === index + 1);
  const isPrefix = dead.length > 0 && isDeepStrictEqual(dead, first.slice(0, dead.length));
  return isWhole && isPrefix && transcripts.every((one) => isDeepStrictEqual(one, first));
}

/** A node fetches what was built, and is pushed it once more through a bad network. */
async function carry(campus: Campus, { builder, sha256 }: Built, say: (line: string) => void) {
  const taker = campus.desk.servers.find(({ id }) => id !== builder);
  if (taker === undefined) throw new Error("there is nobody who could take what was built");
  await campus.said("fetched", await campus.ask(taker.id, `fetch ${ARTEFACT} ${builder}`));
  const { sha256: fetched } = await digestOf(join(campus.folder, taker.id, "fetched", ARTEFACT));
  say(`${`${ARTEFACT} of ${builder}`.padEnd(24)}sha256 ${sha256}`);
  say(`fetched by ${taker.id} over HFTP  sha256 ${fetched}`);

  await using link = new UdpProxy({ to: { host: taker.host, port: taker.box }, toServer: LOSSY, seed: 7 });
  const { port } = await link.listen();
  await campus.said("pushed", await campus.ask(builder, `push ${ARTEFACT} 127.0.0.1:${port}`));
  const { sha256: pushed } = await digestOf(join(campus.folder, taker.id, "box", ARTEFACT));
  const packetsLost = link.counters("to-server").lost.drop + link.counters("to-client").lost.drop;
  say(`pushed to ${taker.id} over UDP    sha256 ${pushed}, ${packetsLost} packet(s) lost on the way`);
  return { fetched, pushed, packetsLost };
}

function rowOf(number: number, round: Round): string {
  const { builder, killed, next, epoch, actions, begunLater, retries, hostsLost, sha256, isRight, entries } = round;
  const again =
    builder === killed ? `${killed} goes on` : `${hostsLost} host(s) lost, ${retries} attempt(s) made again`;
  const build = `${begunLater} of ${actions} actions later, ${again}, ${sha256.slice(0, 16)} ${isRight ? "is right" : "IS WRONG"}`;
  const room = `${entries} entries ${round.doAgree ? "agree" : "DO NOT AGREE"}`;
  return `  ${number}. ${killed} is dead, ${next} leads in epoch ${epoch}; ${build}; ${room}`;
}
