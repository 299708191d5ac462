/** The demo's chapter on broadcast: a chat of five, one cut off, one slow, the server killed, and everybody has the same. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { join as joinRoom, type Room } from "@lab/broadcast";
import { TcpProxy } from "@lab/simnet";
import { type RunningProcess, startTypeScript } from "../../test/process.js";

const COMMAND = new URL("../../packages/broadcast/src/cli/main.ts", import.meta.url);
const NAMES = ["ana", "ben", "cem", "dia", "eve"];
const CUT_OFF = "dia";
const SLOW = "cem";
/** What the slow one needs for each message. */
const SLOW_MS = 2;
/** For anything that is waited for: about 100 times what it takes on an idle machine. */
const MOST_MS = 20_000;

/** An entry of the log as one of them was given it. */
interface Heard {
  readonly number: number;
  readonly sender: string;
  readonly sha256: string;
}

interface Person {
  readonly name: string;
  readonly room: Room;
  readonly transcript: Heard[];
  /** How each of its connections went on: where it was resumed, and what was the newest number then. */
  readonly resumed: { readonly status: string; readonly from: number; readonly head: number }[];
  /** How often the connection was lost. */
  lost: number;
  /** What it was told and should not have been: something is gone. */
  readonly faults: string[];
}

export async function run(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "lab-demo-"));
  try {
    return await chat(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function chat(folder: string): Promise<string> {
  await using first = startServer(folder);
  const to = { port: await first.port() };
  // All reach the server by a proxy, since the restarted one listens elsewhere; the one that is cut off has one of its own.
  await using way = new TcpProxy({ to });
  await using cutWay = new TcpProxy({ to });
  const ports = [(await way.listen()).port, (await cutWay.listen()).port] as const;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const one of waiting) one();
  };
  const until = async (isTrue: () => boolean): Promise<void> => {
    const limit = AbortSignal.timeout(MOST_MS);
    limit.addEventListener("abort", wake);
    while (!isTrue()) {
      if (limit.aborted) throw new Error(`after ${MOST_MS} ms it was not so that ${String(isTrue)}`);
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  const people: Person[] = [];
  for (const name of NAMES) people.push(await joined(name, ports[name === CUT_OFF ? 1 : 0], wake));
  console.log(`${NAMES.join(", ")} talk by a server that keeps its log on the disk; ${SLOW} is slow`);

  const acknowledged: Heard[] = [];
  const open = new Set<Promise<void>>();
  const say = (name: string, text: string): Promise<void> => {
    const { room } = personOf(people, name);
    const said = room.publish(text).then((number) => {
      acknowledged.push({ number, sender: name, sha256: digest(Buffer.from(text)) });
      wake();
    });
    open.add(said);
    said.then(
      () => open.delete(said),
      () => wake(), // stays among the open ones, and is found there
    );
    return said;
  };
  const all = async (names: readonly string[], what: string, times: number): Promise<void> => {
    const said: Promise<void>[] = [];
    for (let i = 1; i <= times; i++) for (const name of names) said.push(say(name, `${what} ${i} of ${name}`));
    await Promise.all(said);
  };
  await all(NAMES, "good morning", 20);

  const others = NAMES.filter((name) => name !== CUT_OFF);
  const cutOff = personOf(people, CUT_OFF);
  cutWay.cut({ how: "reset" });
  await until(() => cutOff.lost > 0);
  await all(others, "while she is away", 25);
  const unheard = Array.from({ length: 5 }, (_, i) => say(CUT_OFF, `nobody hears me ${i}`));
  cutWay.heal();
  await Promise.all(unheard);
  const back = lastOf(cutOff.resumed);
  if (back.status !== "resumed") throw new Error(`${CUT_OFF} came back as ${back.status}, not resumed`);
  if (back.head - back.from + 1 < 100) throw new Error(`only ${back.head - back.from + 1} entries were said meanwhile`);
  console.log(
    `  ${CUT_OFF} is cut off and misses the numbers ${back.from} to ${back.head}; she resumes from ${back.from}`,
  );

  const before = acknowledged.length;
  for (let i = 1; i <= 100; i++)
    for (const name of ["ana", "ben", "eve"]) void say(name, `in the storm ${i} of ${name}`);
  await until(() => acknowledged.length >= before + 30);
  first.kill("SIGKILL");
  await first.exited;
  const known = acknowledged.length;
  for (const name of NAMES) void say(name, `without a server, ${name}`);
  console.log(`  the server is killed with SIGKILL; ${known} publishes are acknowledged, ${open.size} are not`);
  await using second = startServer(folder);
  const target = { port: await second.port() };
  await Promise.all([way.retarget(target), cutWay.retarget(target)]);
  await Promise.all(open);
  const during = acknowledged.slice(known).map(({ number }) => number);
  const [, epoch = ""] = await second.line(/main: (epoch \d+ goes on behind number \d+)$/);
  console.log(`  it is restarted: ${epoch}; what was said around the kill has ${spanOf(during)}`);

  const head = Math.max(...acknowledged.map(({ number }) => number));
  const slowAt = personOf(people, SLOW).transcript.at(-1)?.number ?? 0;
  console.log(`  the newest number is ${head}; ${SLOW} is at ${slowAt}, and nobody waited for ${SLOW}`);
  await until(() => people.every(({ transcript }) => (transcript.at(-1)?.number ?? 0) >= head));
  const slice = checkTranscripts(people, head, [...numbersFrom(back.from, back.head), ...during]);
  checkAcknowledged(slice, acknowledged);
  for (const { name, transcript } of people) {
    const sum = digest(Buffer.from(JSON.stringify(transcript.slice(0, head)))).slice(0, 16);
    console.log(`  ${name} has the numbers 1 to ${head} without a gap, sha256 of the transcript ${sum}...`);
  }
  for (const { number, sender, sha256 } of slice.slice(-2)) {
    console.log(`    such as #${number} ${sender} ${sha256.slice(0, 16)}...`);
  }
  console.log(`  each of the ${acknowledged.length} publishes is acknowledged, and in it once`);
  await Promise.all(people.map(({ room }) => room.leave()));
  return `five members have the same ${head} entries, over a cut of ${back.head - back.from + 1} and a SIGKILL of the server; none of ${acknowledged.length} acknowledged publishes is lost`;
}

function startServer(folder: string): RunningProcess {
  const flags = ["--listen", "127.0.0.1:0", "--log", join(folder, "log"), "--durability", "fsync"];
  return startTypeScript(COMMAND, ["serve", ...flags]);
}

async function joined(name: string, port: number, wake: () => void): Promise<Person> {
  const person: Omit<Person, "room"> = { name, transcript: [], resumed: [], lost: 0, faults: [] };
  const room = await joinRoom({
    address: `127.0.0.1:${port}`,
    name,
    start: "all",
    entries: "all",
    // Nobody is left alone for long.
    maxBackoffMs: 100,
    handler: ({ number, name: sender, bytes }) => {
      person.transcript.push({ number, sender, sha256: digest(bytes) });
      wake();
      return name === SLOW ? new Promise((resolve) => setTimeout(resolve, SLOW_MS)) : undefined;
    },
    onNotice: (notice) => {
      if (notice.type === "welcome") {
        person.resumed.push({ status: notice.status, from: notice.resumeFrom, head: notice.head });
      }
      if (notice.type === "disconnected") person.lost++;
      if (notice.type === "gap" || notice.type === "epoch") person.faults.push(JSON.stringify(notice));
      wake();
    },
  });
  return Object.assign(person, { room });
}

/** The slice that all have. @throws where one of them has a gap, a repeat or something else than the others */
function checkTranscripts(people: readonly Person[], head: number, covered: readonly number[]): readonly Heard[] {
  const slices = people.map(({ name, transcript, faults }) => {
    if (faults.length > 0) throw new Error(`${name} was told ${faults.join(", ")}`);
    const slice = transcript.slice(0, head);
    const wrong = slice.findIndex(({ number }, index) => number !== index + 1);
    if (wrong !== -1 || slice.length < head) throw new Error(`${name} has not all of 1 to ${head}: ${wrong}`);
    return slice;
  });
  const [slice = []] = slices;
  for (const [index, other] of slices.entries()) {
    if (JSON.stringify(other) === JSON.stringify(slice)) continue;
    throw new Error(`${people[index]?.name} has something else than ${people[0]?.name}`);
  }
  const missing = covered.filter((number) => slice[number - 1] === undefined);
  if (missing.length > 0) throw new Error(`the slice does not cover ${missing.join(", ")}`);
  return slice;
}

function checkAcknowledged(slice: readonly Heard[], acknowledged: readonly Heard[]): void {
  const numbers = new Set(acknowledged.map(({ number }) => number));
  if (numbers.size !== acknowledged.length) throw new Error("two publishes have one number");
  // All texts and names are different.
  if (new Set(slice.map(({ sha256 }) => sha256)).size < slice.length) throw new Error("something is in the log twice");
  for (const { number, sender, sha256 } of acknowledged) {
    const entry = slice[number - 1];
    if (entry?.sender !== sender || entry.sha256 !== sha256)
      throw new Error(`#${number} of ${sender} is not in the log`);
  }
}

function personOf(people: readonly Person[], name: string): Person {
  const person = people.find((one) => one.name === name);
  if (person === undefined) throw new Error(`there is no ${name}`);
  return person;
}

function lastOf<Item>(items: readonly Item[]): Item {
  const last = items.at(-1);
  if (last === undefined) throw new Error("there is none");
  return last;
}

function numbersFrom(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** How many numbers there are, and between which they lie. */
function spanOf(numbers: readonly number[]): string {
  return `${numbers.length} numbers from ${Math.min(...numbers)} to ${Math.max(...numbers)}`;
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
