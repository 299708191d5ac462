/** A campus whose leader is killed in the middle of builds, and what came of them. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { UdpProxy } from "@lab/simnet";
import type { Heard } from "../src/output.js";
import { digestOf } from "../src/tasks.js";
import { Campus } from "./campus.js";
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

/** A build, in the middle of which the leader was killed. */
export interface Round {
  readonly builder: string;
  readonly killed: string;
  readonly next: string;
  readonly epoch: number;
  /** Actions that had begun to run by then; attempts that were made again, and hosts that were lost. */
  readonly begun: number;
  readonly retries: number;
  readonly hostsLost: number;
  readonly sha256: string;
  /** Whether each artefact is what the same words come to without a campus. */
  readonly isRight: boolean;
  /** Entries of the room, and whether all survivors were given them alike, and the dead one those that it lived to hear. */
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
    const round = await killInBuild(campus, number, say);
    rounds.push(round);
    say(rowOf(number, round));
  }
  const { builder, sha256 } = rounds.at(-1) ?? (await buildInPeace(campus));
  const copies = await carry(campus, { builder, sha256 }, say);
  const areRight = copies.fetched === sha256 && copies.pushed === sha256;
  return { rounds, built: sha256, ...copies, isProven: areRight && rounds.every((one) => one.isRight && one.doAgree) };
}

async function buildInPeace(campus: Campus): Promise<Built> {
  const builder = campus.ids.findLast((id) => id !== campus.desk.leader) ?? "";
  layOutLibrary(campus.project(builder), 0);
  await campus.said("built", await campus.ask(builder, "build"));
  return { builder, sha256: campus.desk.offer(builder, ARTEFACT).sha256 };
}

async function killInBuild(campus: Campus, edition: number, say: (line: string) => void, tries = 20): Promise<Round> {
  const killed = campus.lead?.id ?? "";
  const survivors = campus.ids.filter((id) => id !== killed);
  const builder = survivors[edition % survivors.length] ?? "";
  const right = layOutLibrary(campus.project(builder), edition);
  const begunBefore = campus.running.length;
  const asked = await campus.ask(builder, "build");
  const running = (): readonly string[] => campus.running.slice(begunBefore);
  await campus.until(() => running().includes(killed) || running().length >= MOST_BEGUN, `a build at ${builder}`);
  const { id: leader = "", epoch: before } = campus.lead ?? {};
  if (leader !== killed) {
    if (tries === 1) throw new Error("the lead does not stay anywhere: this machine is too busy for leases of 1.5 s");
    say(`the lead went from ${killed} to ${leader} by itself: once more`);
    await campus.said("built", asked);
    return await killInBuild(campus, edition, say, tries - 1);
  }
  const begun = running().length;
  const last = await campus.kill(killed);
  say(`${builder} builds; ${killed}, which leads, is killed with SIGKILL when ${begun} action(s) have begun`);

  const { retries, hostsLost, number: entries } = await campus.said("built", asked);
  const { id: next, epoch } = await campus.said("leads", 0, (one) => one.epoch > (before ?? 0));
  const offered = (name: string): string => campus.desk.offer(builder, name).sha256;
  const isRight = Object.entries(right).every(([name, sha256]) => offered(name) === sha256);
  const transcripts = await Promise.all(survivors.map((id) => campus.transcript(id, entries)));
  await campus.launch(killed);
  await campus.said("serves", entries, ({ id }) => id === killed);
  const proof = { sha256: offered(ARTEFACT), isRight, entries, doAgree: agree(transcripts, last, entries) };
  return { builder, killed, next, epoch, begun, retries, hostsLost, ...proof };
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

function rowOf(number: number, { killed, next, epoch, retries, sha256, isRight, entries, doAgree }: Round): string {
  const build = `${retries} attempt(s) made again, ${sha256.slice(0, 16)} ${isRight ? "is right" : "IS WRONG"}`;
  const room = `${entries} entries ${doAgree ? "agree" : "DO NOT AGREE"}`;
  return `  ${number}. ${killed} is dead, ${next} leads in epoch ${epoch}; ${build}; ${room}`;
}
