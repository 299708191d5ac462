/**
 * The spawner: a small process that forks the meters of a server, in Node's place. A fork takes the longer the more memory the process has that
 * forks, and Node stands still meanwhile: 1 ms where nothing else runs, 9 where the machine is busy. A perl of 6 MB takes 0.3, and beside the server.
 *
 * It is started with the first meter and ends with the server, however that ends. One that has ended itself, or does not answer, is replaced with
 * the next meter, and that is told; what it has started goes on.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type Measured, readMeasured, spawnerArguments } from "./meter.js";

/** How long it may take to start one. */
const ANSWER_MS = 10_000;
const END_MS = 1_000;
/** The longest line that it can mean to say. */
const MAX_LINE = 4_096;

/** Told of one meter, in the order in which it happens. */
export interface MeterEvents {
  /** `isAll`: nothing of the action is left. */
  measured(measured: Measured, isAll: boolean): void;
  complained(text: string): void;
  /** It has ended, and was buried. @param isRegular with exit code 0 */
  exited(isRegular: boolean): void;
  /** The spawner is gone: no `exited` will come. */
  lost(): void;
}

/** What is to be started. Pipes are named ones, of which the server holds both ends until it was started. */
export interface MeterRequest {
  readonly orders: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Of what stands above the meter. */
  readonly complaints: string | undefined;
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly folder: string;
  readonly reach: string;
  readonly isTight: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** What the meter runs in; undefined for nothing. @param name its own, which it is told */
  readonly sandboxed: ((name: string) => readonly string[]) | undefined;
}

interface Awaited {
  readonly resolve: (pid: number) => void;
  readonly reject: (error: Error) => void;
}

export class Spawner {
  readonly #perl: string;
  readonly #trouble: (message: string) => void;
  #running: RunningSpawner | undefined;
  #isClosed = false;

  /** @param trouble told where it ended by itself, or does not answer */
  constructor(perl: string, trouble: (message: string) => void) {
    this.#perl = perl;
    this.#trouble = trouble;
  }

  /** Its process, where there is one. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Resolves with the process that was started. @throws why it was not; nothing of it is left then */
  async start(request: MeterRequest, events: MeterEvents): Promise<number> {
    if (this.#isClosed) throw new Error("the server ends");
    if (this.#running?.isOver !== false) this.#running = new RunningSpawner(this.#perl, this.#trouble);
    return await this.#running.start(request, events);
  }

  /** Ends it. What it has started and did not end loses its server. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running?.close();
  }
}

class RunningSpawner {
  readonly #child: ChildProcess;
  readonly #trouble: (message: string) => void;
  readonly #exited: Promise<void>;
  readonly #awaited = new Map<string, Awaited>();
  readonly #meters = new Map<string, MeterEvents>();
  #text = "";
  #last = 0;
  #isClosing = false;
  isOver = false;

  constructor(perl: string, trouble: (message: string) => void) {
    this.#trouble = trouble;
    const [file = "", ...args] = spawnerArguments(perl);
    this.#child = spawn(file, args, {
      cwd: "/",
      env: { PERL_BADLANG: "0" },
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    const { stdin, stdout } = this.#child;
    stdin?.on("error", () => {}); // its end is told
    stdout?.setEncoding("latin1").on("data", (text: string) => this.#heard(text));
    this.#exited = new Promise((resolve) => {
      const over = (how: string): void => {
        this.#lost(how);
        resolve();
      };
      this.#child.once("exit", (code, signal) => over(signal ?? `code ${code}`));
      this.#child.once("error", ({ message }) => over(message));
    });
  }

  get pid(): number | undefined {
    return this.isOver ? undefined : this.#child.pid;
  }

  start(request: MeterRequest, events: MeterEvents): Promise<number> {
    const name = String(++this.#last);
    return new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => this.#isSilent(), ANSWER_MS);
      const done = (): void => {
        clearTimeout(timer);
        this.#awaited.delete(name);
      };
      this.#awaited.set(name, {
        resolve: (pid) => {
          done();
          resolve(pid);
        },
        reject: (error) => {
          done();
          this.#meters.delete(name);
          reject(error);
        },
      });
      this.#meters.set(name, events);
      this.#child.stdin?.write(requestBytes(name, request));
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.isOver) return;
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** It was stopped, or hangs. */
  #isSilent(): void {
    this.#trouble(`the process that starts actions has not answered for ${ANSWER_MS} ms`);
    this.#child.kill("SIGKILL");
  }

  #lost(how: string): void {
    if (this.isOver) return;
    this.isOver = true;
    if (!this.#isClosing) this.#trouble(`the process that starts actions has ended (${how}): it is started anew`);
    for (const { reject } of [...this.#awaited.values()])
      reject(new Error("the process that starts actions has ended"));
    for (const events of [...this.#meters.values()]) events.lost();
  }

  #heard(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = (lines.pop() ?? "").slice(0, MAX_LINE);
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const [, verb, name = "", rest = ""] = /^([sfecx]) (\d+) (.*)$/.exec(line) ?? [];
    const events = this.#meters.get(name);
    if (verb === "s") this.#awaited.get(name)?.resolve(Number(rest));
    else if (verb === "f") this.#awaited.get(name)?.reject(new Error(rest));
    else if (verb === "c") events?.complained(`${rest}\n`);
    else if (verb === "x") {
      this.#meters.delete(name);
      events?.exited(rest === "0");
    } else if (verb === "e") {
      const isAll = rest.endsWith(" g");
      const measured = readMeasured(`e ${isAll ? rest.slice(0, -2) : rest}`);
      if (measured !== undefined) events?.measured(measured, isAll);
    }
  }
}

/** As the program of the spawner reads it (meter-program.ts). */
function requestBytes(name: string, request: MeterRequest): Uint8Array {
  const { orders, stdout, stderr, complaints = "", user, folder, reach, isTight, env, sandboxed } = request;
  const places = [orders, stdout, stderr, complaints, String(user?.uid ?? ""), String(user?.gid ?? ""), folder];
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const how = [reach, isTight ? "1" : "0", String(variables.length), ...variables];
  const body = Buffer.from([name, ...places, ...how, ...(sandboxed?.(name) ?? [])].join("\0"));
  return Buffer.concat([Buffer.from(String(body.length).padStart(8, "0")), body]);
}
