/** Server, subscribers and publisher of one peer as three processes, measured round by round. */
import { type RunningProcess, startTypeScript } from "../../../../test/process.js";
import type { PeerName } from "./peers/index.js";

export interface Setting {
  readonly peer: PeerName;
  readonly subscribers: number;
  readonly messages: number;
  /** Messages per second, one by one, to measure latency; without it as fast as it goes. */
  readonly perSecond?: number;
  /** All in one process: to see that it works. */
  readonly together?: boolean;
}

const role = new URL("./role.ts", import.meta.url);

export class Measurement implements AsyncDisposable {
  readonly #setting: Setting;
  #processes: RunningProcess[] = [];
  #rounds = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  async prepare(): Promise<void> {
    const { peer, subscribers, messages, perSecond, together } = this.#setting;
    if (together) {
      const one = this.#start([peer, "all", String(subscribers), String(messages), String(perSecond ?? 0)]);
      await one.line(/^all ready$/);
      return;
    }
    const server = this.#start([peer, "server"]);
    const [, address = ""] = await server.line(/^ready (.*)$/);
    const times = perSecond === undefined ? [] : ["times"];
    const listeners = this.#start([peer, "subscribers", address, String(subscribers), String(messages), ...times]);
    const publisher = this.#start([peer, "publisher", address, String(messages), String(perSecond ?? 0)]);
    await Promise.all([listeners, publisher].map((one) => one.line(/^ready$/)));
  }

  /** Deliveries per second, or the median latency in microseconds. */
  async round(): Promise<number> {
    const { subscribers, messages, perSecond } = this.#setting;
    const { publisher, listeners } = this.#roles();
    this.#rounds++;
    publisher.signal("SIGUSR2");
    const gone = Promise.race(this.#processes.map(async (one) => failed(await one.exited)));
    const round = this.#rounds;
    const done = listeners.line(new RegExp(`^done ${round} (\\d+)(?: (\\S+))?$`));
    const [, end = "", latency] = await Promise.race([done, gone]);
    if (perSecond !== undefined) return Number(latency);
    const [, begin = ""] = await publisher.line(new RegExp(`^began ${round} (\\d+)$`));
    return (subscribers * messages) / (Number(BigInt(end) - BigInt(begin)) / 1e9);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#processes) one.kill("SIGTERM"); // they clean up behind them
    await Promise.all(this.#processes.map(({ exited }) => exited));
    this.#processes = [];
  }

  #roles(): { readonly listeners: RunningProcess; readonly publisher: RunningProcess } {
    const [first, listeners, publisher] = this.#processes as [RunningProcess, RunningProcess?, RunningProcess?];
    return { listeners: listeners ?? first, publisher: publisher ?? first };
  }

  #start(args: readonly string[]): RunningProcess {
    const started = startTypeScript(role, args);
    this.#processes.push(started);
    return started;
  }
}

function failed({ stderr }: { readonly stderr: string }): never {
  throw new Error(`a process of the measurement ended: ${stderr.slice(-2_000)}`);
}
