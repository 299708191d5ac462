/** What of etcd the engine uses, as its JSON gateway says it: keys in the order of their creation, leases, a watch. */
import { Buffer } from "node:buffer";

export interface ModelReply {
  readonly status: number;
  readonly body: string;
}

interface Key {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly lease: string;
}

interface Lease {
  readonly ttlMs: number;
  /** By the clock of etcd. */
  expiresAt: number;
}

export interface ModelOptions {
  /** The fastest that leases may expire is at their time; this is added. */
  readonly lagMs?: () => number;
  /** The least TTL that is granted, in seconds. */
  readonly minTtl?: number;
}

type Fields = Record<string, unknown>;

const plain = (base64: unknown): string => Buffer.from(String(base64 ?? ""), "base64").toString();
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const notFound: ModelReply = {
  status: 404,
  body: '{"error":"etcdserver: requested lease not found","message":"etcdserver: requested lease not found","code":5}',
};

/** Time is the clock of etcd, in milliseconds. */
export class EtcdModel {
  readonly #options: ModelOptions;
  readonly #keys = new Map<string, Key>();
  readonly #leases = new Map<string, Lease>();
  readonly #watchers = new Set<{ readonly send: (line: string) => void }>();
  #revision = 1;
  #lastLease = 1_000;

  constructor(options: ModelOptions = {}) {
    this.#options = options;
  }

  /** Deletes what has expired by now. */
  expire(now: number): void {
    for (const [id, { expiresAt }] of this.#leases) if (now >= expiresAt) this.#revoke(id);
  }

  /** The next time at which a lease expires. */
  get nextExpiry(): number {
    return Math.min(...[...this.#leases.values()].map(({ expiresAt }) => expiresAt));
  }

  post(now: number, path: string, body: string): ModelReply {
    this.expire(now);
    const asked = JSON.parse(body) as Fields;
    if (path === "/v3/lease/grant") return this.#grant(now, asked);
    if (path === "/v3/lease/keepalive") return this.#keepAlive(now, String(asked["ID"]));
    if (path === "/v3/lease/revoke") return this.#revoke(String(asked["ID"])) ? this.#ok({}) : notFound;
    if (path === "/v3/kv/range") return this.#ok(this.#range(asked));
    if (path === "/v3/kv/txn") return this.#transaction(asked);
    throw new Error(`the model knows no ${path}`);
  }

  /** Begins to watch; answers how to end it. */
  watch(now: number, body: string, send: (line: string) => void): () => void {
    this.expire(now);
    const asked = (JSON.parse(body) as { create_request: Fields }).create_request;
    const watcher = { send };
    this.#watchers.add(watcher);
    send(JSON.stringify({ result: { header: this.#header, created: true } }));
    if (Number(asked["start_revision"]) <= this.#revision) this.#tell(watcher);
    return () => this.#watchers.delete(watcher);
  }

  get #header(): Fields {
    return { revision: String(this.#revision) };
  }

  #ok(fields: Fields): ModelReply {
    return { status: 200, body: JSON.stringify({ header: this.#header, ...fields }) };
  }

  #grant(now: number, { TTL }: Fields): ModelReply {
    const ttl = Math.max(Number(TTL), this.#options.minTtl ?? 1);
    const id = String(++this.#lastLease);
    this.#leases.set(id, { ttlMs: ttl * 1_000, expiresAt: now + ttl * 1_000 + this.#lagMs });
    return this.#ok({ ID: id, TTL: String(ttl) });
  }

  #keepAlive(now: number, id: string): ModelReply {
    const lease = this.#leases.get(id);
    const result: Fields = { header: this.#header, ID: id };
    if (lease !== undefined) {
      lease.expiresAt = now + lease.ttlMs + this.#lagMs;
      result["TTL"] = String(lease.ttlMs / 1_000);
    }
    return { status: 200, body: `${JSON.stringify({ result })}\n` };
  }

  get #lagMs(): number {
    return this.#options.lagMs?.() ?? 0;
  }

  #revoke(id: string): boolean {
    if (!this.#leases.delete(id)) return false;
    const keys = [...this.#keys.values()].filter(({ lease }) => lease === id);
    for (const { key } of keys) this.#keys.delete(key);
    if (keys.length > 0) this.#changed();
    return true;
  }

  #range(asked: Fields): Fields {
    const [from, to, limit] = [plain(asked["key"]), plain(asked["range_end"]), Number(asked["limit"] ?? 0)];
    const all = [...this.#keys.values()]
      .filter(({ key }) => key >= from && key < to)
      .sort((a, b) => a.createRevision - b.createRevision);
    const kvs = (limit === 0 ? all : all.slice(0, limit)).map(({ key, value, createRevision, lease }) => ({
      key: base64(key),
      value: base64(value),
      create_revision: String(createRevision),
      mod_revision: String(createRevision),
      version: "1",
      lease,
    }));
    const more = kvs.length < all.length ? { more: true } : {};
    return kvs.length === 0 ? {} : { kvs, ...more, count: String(all.length) };
  }

  #transaction(asked: Fields): ModelReply {
    const holds = (asked["compare"] as Fields[]).every(({ key, create_revision: revision }) => {
      return (this.#keys.get(plain(key))?.createRevision ?? 0) === Number(revision);
    });
    const operations = ((holds ? asked["success"] : asked["failure"]) ?? []) as Record<string, Fields>[];
    const lacksLease = operations.some(({ request_put: put }) => put && !this.#leases.has(String(put["lease"])));
    if (lacksLease) return notFound;
    const writes = operations.some((one) => one["request_range"] === undefined);
    if (writes) this.#revision++;
    const responses = operations.map((one) => this.#operation(one));
    if (writes) for (const watcher of this.#watchers) this.#tell(watcher);
    return this.#ok({ ...(holds ? { succeeded: true } : {}), responses });
  }

  #operation({
    request_put: put,
    request_range: range,
    request_delete_range: deletion,
  }: Record<string, Fields>): Fields {
    if (put !== undefined) {
      const key = plain(put["key"]);
      const createRevision = this.#keys.get(key)?.createRevision ?? this.#revision;
      this.#keys.set(key, { key, value: plain(put["value"]), createRevision, lease: String(put["lease"]) });
      return { response_put: { header: this.#header } };
    }
    if (range !== undefined) return { response_range: { header: this.#header, ...this.#range(range) } };
    this.#keys.delete(plain(deletion?.["key"]));
    return { response_delete_range: { header: this.#header, deleted: "1" } };
  }

  #changed(): void {
    this.#revision++;
    for (const watcher of this.#watchers) this.#tell(watcher);
  }

  #tell({ send }: { readonly send: (line: string) => void }): void {
    send(JSON.stringify({ result: { header: this.#header, events: [{ kv: {} }] } }));
  }
}
