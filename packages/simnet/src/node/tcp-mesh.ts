/** Programs that talk to each other over TCP, with a proxy for each ordered pair, so that any can be cut off. */
import { onlyKnown } from "../core/known-keys.js";
import type { StreamImpairments } from "../core/stream-model.js";
import type { ProxyTarget } from "./proxy-address.js";
import { TcpProxy } from "./tcp-proxy.js";

export interface TcpMeshOptions {
  /** The programs, by different names. */
  readonly names: readonly string[];
  /** What the network does to bytes between any two of them. Default: nothing. */
  readonly impairments?: StreamImpairments | undefined;
  /** Everything random depends on it, for each pair apart. Default: a random one. */
  readonly seed?: number | string | undefined;
}

const OPTIONS = ["names", "impairments", "seed"] as const;

/**
 * The network between real programs. Each reaches the others at addresses of its own (`address(from, to)`), which are
 * known before any program runs; `attach` says where a program listens, again after each restart.
 */
export class TcpMesh implements AsyncDisposable {
  readonly names: readonly string[];
  readonly #proxies = new Map<string, Map<string, TcpProxy>>();
  readonly #addresses = new Map<TcpProxy, string>();

  /** @throws TypeError or RangeError for a wrong option, naming it and what is accepted */
  constructor(options: TcpMeshOptions) {
    onlyKnown("the options of a TcpMesh", options, OPTIONS satisfies readonly (keyof TcpMeshOptions)[]);
    const { names, impairments, seed } = options;
    if (!Array.isArray(names)) throw new TypeError("names must be an array of strings");
    if (new Set(names).size < names.length) throw new RangeError("names must be different");
    this.names = [...names];
    for (const from of names) {
      const proxies = new Map<string, TcpProxy>();
      for (const to of names) {
        if (from === to) continue;
        const own = seed === undefined ? undefined : `${seed} ${from} to ${to}`;
        proxies.set(to, new TcpProxy({ toServer: impairments, seed: own }));
      }
      this.#proxies.set(from, proxies);
    }
  }

  /** Opens every proxy, at free ports of 127.0.0.1. */
  async listen(): Promise<void> {
    for (const proxies of this.#proxies.values()) {
      for (const proxy of proxies.values()) {
        const { host, port } = await proxy.listen();
        this.#addresses.set(proxy, `${host}:${port}`);
      }
    }
  }

  /** `HOST:PORT`: where `from` connects in order to reach `to`. */
  address(from: string, to: string): string {
    const address = this.#addresses.get(this.proxy(from, to));
    if (address === undefined) throw new Error("the TcpMesh does not listen");
    return address;
  }

  /** The proxy through which `from` reaches `to`; its `to-server` is what `from` says. */
  proxy(from: string, to: string): TcpProxy {
    const proxy = this.#proxies.get(from)?.get(to);
    if (proxy === undefined) throw new RangeError(`names must have ${from} and ${to}, two different ones`);
    return proxy;
  }

  /** Says where a program listens. Before that, connections to it are reset. */
  async attach(name: string, target: ProxyTarget): Promise<void> {
    for (const [from, proxies] of this.#proxies) if (from !== name) await proxies.get(name)?.retarget(target);
  }

  /** One way: nothing that `from` say reaches `to` until it heals; nobody is told, what is sent waits. */
  cut(from: readonly string[], to: readonly string[]): void {
    this.#each(from, to, (there, back) => {
      there.cut({ direction: "to-server" });
      back.cut({ direction: "to-client" });
    });
  }

  /** Ends a cut, one way. Default: all that there are. */
  heal(from: readonly string[] = this.names, to: readonly string[] = this.names): void {
    this.#each(from, to, (there, back) => {
      there.heal("to-server");
      back.heal("to-client");
    });
  }

  /** Both ways: nothing crosses between these and all others. */
  split(...side: readonly string[]): void {
    const others = this.names.filter((name) => !side.includes(name));
    this.cut(side, others);
    this.cut(others, side);
  }

  /** Closes every proxy. */
  async close(): Promise<void> {
    const all = [...this.#proxies.values()].flatMap((proxies) => [...proxies.values()]);
    await Promise.all(all.map((proxy) => proxy.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #each(from: readonly string[], to: readonly string[], act: (there: TcpProxy, back: TcpProxy) => void): void {
    for (const one of from) {
      for (const other of to) if (one !== other) act(this.proxy(one, other), this.proxy(other, one));
    }
  }
}
