/** The machine of a candidate, input by input (docs/election.md, "The etcd engine"). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EtcdInput, EtcdOutput, EtcdRequest } from "../../src/core/etcd-contract.js";
import { createEtcdElection, type EtcdElection } from "../../src/core/etcd-election.js";
import type { EtcdElectionOptions } from "../../src/core/etcd-options.js";
import type { Now } from "../../src/core/index.js";
import { EtcdModel } from "./etcd-model.js";

const WALL = 1_700_000_000_000;
const at = (mono: number, step = 0): Now => ({ mono, wall: WALL + mono + step });

/** A candidate whose requests are answered when the test says so. */
class Desk {
  readonly machine: EtcdElection;
  readonly model: EtcdModel;
  readonly events: EtcdOutput[] = [];
  /** What is under way, by the last part of its path. */
  readonly requests = new Map<string, EtcdRequest>();
  now: Now = at(0);

  constructor(options: Partial<EtcdElectionOptions> = {}, model: EtcdModel = new EtcdModel()) {
    this.model = model;
    this.machine = createEtcdElection({ endpoints: ["http://a:1", "http://b:1"], id: "me", ...options });
  }

  feed(input: EtcdInput, now: Now = this.now): EtcdOutput[] {
    this.now = now;
    const outputs = this.machine.handle(now, input);
    for (const output of outputs) {
      if (output.type === "request") this.requests.set(output.path.split("/").at(-1) ?? "", output);
      else this.events.push(output);
    }
    return outputs;
  }

  take(name: string): EtcdRequest {
    const request = this.requests.get(name);
    if (request === undefined) throw new Error(`no ${name} is under way`);
    this.requests.delete(name);
    return request;
  }

  /** etcd answers at once. */
  answer(name: string, now: Now = this.now): EtcdOutput[] {
    const { id, path, body } = this.take(name);
    return this.feed({ type: "reply", id, ...this.model.post(now.mono, path, body) }, now);
  }

  says(name: string, body: object | string, status = 200): EtcdOutput[] {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return this.feed({ type: "reply", id: this.take(name).id, status, body: text });
  }

  lead(): this {
    this.feed({ type: "start" });
    this.answer("grant");
    this.answer("txn");
    expect(this.machine.isLeader(this.now)).toBe(true);
    return this;
  }

  get names(): string[] {
    return this.events.map(({ type }) => type);
  }
}

describe("an outage", () => {
  it("E74: is told once when all endpoints have failed, and its end when one has answered", () => {
    const desk = new Desk();
    desk.feed({ type: "start" });
    for (const mono of [0, 0, 250, 250]) {
      const { id } = desk.take("grant");
      desk.feed({ type: "failed", id, message: "refused" }, at(mono));
      desk.feed({ type: "tick" }, at(mono === 0 ? 250 : 500));
      desk.now = at(mono);
    }
    desk.answer("grant", at(500));
    desk.answer("txn");
    expect(desk.events.filter(({ type }) => type !== "trouble").slice(0, 2)).toEqual([
      { type: "outage", message: "grant at http://b:1: refused" },
      { type: "outageOver", endpoint: "http://a:1" },
    ]);
    expect(desk.names.filter((name) => name.startsWith("outage")).length).toBe(2);
  });
});

describe("the lease", () => {
  it("E71: ends TTL minus the margin after the keep-alive was sent, whenever it was answered", () => {
    expect(new Desk().lead().machine.isLeader(at(4_699))).toBe(true);
    expect(new Desk().lead().machine.isLeader(at(4_700))).toBe(false);
    const desk = new Desk().lead();
    desk.feed({ type: "tick" }, at(1_567));
    desk.answer("keepalive", at(2_400));
    expect(desk.machine.isLeader(at(1_567 + 4_699))).toBe(true);
    expect(desk.machine.isLeader(at(1_567 + 4_700))).toBe(false);
    expect(desk.machine.token(at(1_567 + 4_699))).toBeUndefined(); // and it does not come back
    desk.feed({ type: "tick" });
    expect(desk.names.at(-2)).toBe("stepDown");
  });

  it("E71: is what was granted, not what was asked for, less more than the margin where it is long", () => {
    const desk = new Desk({ ttlSeconds: 1 }, new EtcdModel({ minTtl: 100 })).lead();
    const usable = 100_000 * (1 - 0.06 / 1.03);
    expect(desk.machine.isLeader(at(usable - 1))).toBe(true);
    expect(desk.machine.isLeader(at(usable + 1))).toBe(false);
  });

  it("E71: gets no longer than what was granted, whatever an answer to a keep-alive says", () => {
    const desk = new Desk().lead();
    desk.feed({ type: "tick" }, at(1_567));
    desk.says("keepalive", { result: { header: {}, ID: "1001", TTL: "50" } });
    expect(desk.machine.isLeader(at(1_567 + 4_700))).toBe(false);
  });

  it("E72: is lost where somebody deleted the key, even if it stands again", () => {
    const desk = new Desk().lead();
    const { body } = desk.requests.get("watch") as EtcdRequest;
    expect(JSON.parse(body).create_request.start_revision).toBe("3");
    const key = Buffer.from("lab/3e9").toString("base64");
    desk.feed({ type: "tick" }, at(1_000));
    const again = { key, create_revision: "4", value: "", lease: "1001" };
    desk.says("range", { header: { revision: "4" }, kvs: [again] });
    expect(desk.events).toContainEqual({ type: "stepDown", token: { epoch: 2, id: "me" }, why: "superseded" });
    expect(desk.machine.isLeader(desk.now)).toBe(false);
  });

  it("E71: ends by the wall clock too, where the monotonic one stood in a sleep", () => {
    const desk = new Desk().lead();
    expect(desk.machine.isLeader({ mono: 10, wall: WALL + 4_701 })).toBe(false);
  });

  it("E72: is lost when the wall clock is set back, and does not come back", () => {
    const desk = new Desk().lead();
    expect(desk.machine.isLeader(at(100, -50))).toBe(false);
    expect(desk.machine.isLeader(at(101))).toBe(false);
  });

  it("E72: is lost when the wall clock is set back by little and little", () => {
    const desk = new Desk().lead();
    expect(desk.machine.isLeader(at(2, -9))).toBe(true);
    expect(desk.machine.isLeader(at(4, -18))).toBe(false);
  });

  it("E72: a lease that was asked for before the wall clock was set back does not count", () => {
    const desk = new Desk();
    desk.feed({ type: "start" });
    const { id, path, body } = desk.take("grant");
    const reply = desk.model.post(0, path, body);
    // The machine slept for 10 s, and then somebody set the clock.
    expect(desk.machine.isLeader({ mono: 1, wall: WALL + 10_000 })).toBe(false);
    desk.feed({ type: "reply", id, ...reply }, { mono: 2, wall: WALL + 2 });
    expect(desk.requests.has("txn")).toBe(false);
    expect(desk.requests.has("grant")).toBe(true); // another
  });

  it.each([
    ["a TTL of 0", 200, { result: { header: {}, ID: "1001" } }],
    ["an error that says so", 404, { error: "etcdserver: requested lease not found", code: 5 }],
  ])("E72: ends with %s, and another is asked for", (_name, status, body) => {
    const desk = new Desk().lead();
    desk.feed({ type: "tick" }, at(1_567));
    desk.says("keepalive", body, status);
    expect(desk.machine.isLeader(desk.now)).toBe(false);
    expect(desk.events).toContainEqual({ type: "stepDown", token: { epoch: 2, id: "me" }, why: "lease" });
    desk.answer("revoke");
    desk.feed({ type: "tick" }, at(2_000));
    desk.answer("grant");
    desk.answer("txn");
    expect(desk.machine.token(desk.now)).toEqual({ epoch: 4, id: "me" });
  });

  it("E72: an answer to the campaign that comes after the lease is lost makes no leader", () => {
    const desk = new Desk();
    desk.feed({ type: "start" });
    desk.answer("grant");
    const { id, path, body } = desk.take("txn");
    const reply = desk.model.post(100, path, body);
    const outputs = desk.feed({ type: "reply", id, ...reply }, at(4_700));
    expect(outputs).toContainEqual({ type: "cancel", id });
    desk.answer("revoke");
    desk.feed({ type: "tick" }, at(5_000));
    desk.answer("grant");
    desk.feed({ type: "reply", id, ...reply });
    expect(desk.names).not.toContain("elected");
    expect(desk.machine.isLeader(desk.now)).toBe(false);
  });
});

describe("requests", () => {
  it("E74: another error of a keep-alive is no answer: the next endpoint is asked, and the lease runs on", () => {
    const desk = new Desk().lead();
    desk.feed({ type: "tick" }, at(1_567));
    expect(desk.requests.get("keepalive")?.endpoint).toBe("http://a:1");
    desk.says("keepalive", { error: { grpc_code: 14, message: "etcdserver: no leader" } });
    expect(desk.requests.get("keepalive")?.endpoint).toBe("http://b:1");
    expect(desk.machine.isLeader(desk.now)).toBe(true);
    desk.feed({ type: "failed", id: desk.take("keepalive").id, message: "refused" });
    expect(desk.requests.has("keepalive")).toBe(false); // a round is over: a little later
    desk.feed({ type: "tick" }, at(1_567 + 250));
    expect(desk.requests.get("keepalive")?.endpoint).toBe("http://a:1");
  });

  it("E74: a token that etcd refuses is asked for anew, not more often than retryMs", () => {
    const desk = new Desk({ username: "u", password: "p" });
    desk.feed({ type: "start" });
    expect(JSON.parse(desk.requests.get("authenticate")?.body ?? "")).toEqual({ name: "u", password: "p" });
    desk.says("authenticate", { header: {}, token: "t1" });
    expect(desk.requests.get("grant")?.authorization).toBe("t1");
    desk.says("grant", { error: "etcdserver: invalid auth token", code: 16 }, 401);
    expect(desk.requests.has("authenticate")).toBe(false);
    desk.feed({ type: "tick" }, at(250));
    desk.says("authenticate", { header: {}, token: "t2" });
    expect(desk.requests.get("grant")?.authorization).toBe("t2");
  });

  it("E75: a change that the watch tells of is looked at at once, and a watch that ends is made anew", () => {
    const desk = new Desk().lead();
    const { id, isWatch, timeoutMs } = desk.take("watch");
    expect({ isWatch, timeoutMs }).toEqual({ isWatch: true, timeoutMs: 240_000 });
    desk.feed({ type: "line", id, body: '{"result":{"header":{},"created":true}}' }, at(10));
    expect(desk.requests.has("range")).toBe(false);
    desk.feed({ type: "line", id, body: '{"result":{"header":{},"events":[{}]}}' });
    desk.answer("range");
    desk.feed({ type: "failed", id, message: "it has ended" }, at(20));
    desk.feed({ type: "tick" }, at(270));
    expect(desk.requests.has("watch")).toBe(true);
    desk.feed({ type: "tick" }, at(1_010));
    expect(desk.requests.has("range")).toBe(true); // without any news
  });

  it("E75: who leads is not known any more when nobody has answered for as long as a lease", () => {
    const model = new EtcdModel();
    const first = new Desk({ id: "first" }, model).lead();
    const desk = new Desk({}, model);
    desk.feed({ type: "start" });
    desk.answer("grant");
    desk.answer("txn");
    expect(desk.machine.leader(desk.now)).toEqual({ id: "first", address: "", epoch: 2 });
    expect(desk.machine.candidates().map(({ id }) => id)).toEqual(["first", "me"]);
    desk.feed({ type: "tick" }, at(5_000));
    expect(desk.machine.leader(desk.now)).toBeUndefined();
    expect(desk.events.at(-1)).toEqual({ type: "leader", leader: undefined });
    expect(first.machine.leader(first.now)?.id).toBe("first");
  });

  it("E75: who stands behind those that are looked at does not put its key again and again", () => {
    const model = new EtcdModel();
    const first = new Desk({ id: "first" }, model).lead();
    const desk = new Desk({ maxCandidates: 1 }, model);
    desk.feed({ type: "start" });
    desk.answer("grant");
    desk.answer("txn");
    expect(desk.machine.leader(desk.now)?.id).toBe("first");
    desk.feed({ type: "tick" }, at(1_000));
    expect([...desk.requests.keys()]).toContain("range");
    expect([...desk.requests.keys()]).not.toContain("txn");
    first.feed({ type: "resign" });
    first.answer("revoke");
    desk.answer("range");
    expect(desk.machine.isLeader(desk.now)).toBe(true);
  });

  it("E72: what a lost lease has left in front is revoked until it is gone, and leads nobody", () => {
    const desk = new Desk().lead();
    desk.feed({ type: "tick" }, at(4_700)); // etcd holds it for 300 ms more
    desk.feed({ type: "failed", id: desk.take("revoke").id, message: "lost" });
    desk.feed({ type: "tick" }, at(4_950));
    desk.answer("grant");
    desk.answer("txn");
    expect(desk.machine.leader(desk.now)).toBeUndefined();
    expect(desk.machine.candidates()).toHaveLength(2);
    expect(JSON.parse(desk.requests.get("revoke")?.body ?? "")).toEqual({ ID: "1001" });
    desk.answer("revoke");
    desk.feed({ type: "tick" }, at(5_950));
    desk.answer("range");
    expect(desk.machine.isLeader(desk.now)).toBe(true);
  });

  it("E74: a watch goes where the other requests go", () => {
    const desk = new Desk().lead();
    const { id, endpoint } = desk.take("watch");
    expect(endpoint).toBe("http://a:1");
    desk.feed({ type: "tick" }, at(1_000));
    const outputs = desk.feed({ type: "failed", id: desk.take("range").id, message: "refused" });
    expect(outputs).toContainEqual({ type: "cancel", id });
    expect(desk.take("watch").endpoint).toBe("http://b:1");
  });

  it("E75: the keys are looked at three times in a lease at least, even a short one", () => {
    const desk = new Desk({ ttlSeconds: 1 }).lead();
    desk.feed({ type: "tick" }, at(333));
    expect(desk.requests.has("range")).toBe(false);
    desk.feed({ type: "tick" }, at(334));
    expect(desk.requests.has("range")).toBe(true);
  });

  it("E77: a key that was put and does not stand is not put again at once", () => {
    const desk = new Desk();
    desk.feed({ type: "start" });
    desk.answer("grant");
    desk.says("txn", { responses: [{ response_range: { header: { revision: "2" } } }] });
    expect(desk.requests.has("txn")).toBe(false);
    desk.feed({ type: "tick" }, at(250));
    expect(desk.requests.has("txn")).toBe(true);
  });

  it("E76: after stop there is one request, which gives the lease back, and nothing more", () => {
    const desk = new Desk().lead();
    const outputs = desk.feed({ type: "stop" });
    expect(outputs.filter(({ type }) => type === "request")).toEqual([
      expect.objectContaining({ path: "/v3/lease/revoke" }),
    ]);
    expect(outputs).toContainEqual({ type: "stepDown", token: { epoch: 2, id: "me" }, why: "stopped" });
    expect(desk.machine.nextDeadline()).toBeUndefined();
    expect(desk.answer("revoke")).toEqual([]);
    expect(desk.machine.leader(desk.now)).toBeUndefined();
  });

  describe("to a candidate that is not the next", () => {
    const listed = ({ machine }: Desk): string[] => machine.candidates().map(({ id }) => id);

    /** A leader, and the candidates behind it in their order. */
    function line(...ids: readonly string[]): { readonly leader: Desk; readonly model: EtcdModel } {
      const model = new EtcdModel();
      const leader = new Desk({}, model).lead();
      for (const id of ids) {
        const one = new Desk({ id }, model);
        one.feed({ type: "start" });
        one.answer("grant");
        one.answer("txn");
      }
      leader.feed({ type: "tick" }, at(1_000));
      leader.answer("range");
      return { leader, model };
    }

    it("E76: sends those between back, and its own key away, in one step", () => {
      const { leader } = line("b", "c", "d");
      expect(listed(leader)).toEqual(["me", "b", "c", "d"]);
      leader.feed({ type: "resign", to: "d" });
      expect(leader.machine.isLeader(leader.now)).toBe(false);
      leader.answer("txn");
      leader.answer("revoke");
      leader.answer("grant");
      leader.answer("txn");
      expect(listed(leader)).toEqual(["d", "me"]);
    });

    it("E76: touches nobody where its own key does not stand any more: another may lead by now", () => {
      const { leader, model } = line("b", "c");
      model.post(1_000, "/v3/lease/revoke", '{"ID":"1001"}');
      leader.feed({ type: "resign", to: "c" });
      leader.answer("txn");
      leader.answer("revoke");
      leader.answer("grant");
      leader.answer("txn");
      expect(listed(leader)).toEqual(["b", "c", "me"]);
    });

    it("E76: leaves the keys of other programs alone", () => {
      const { leader, model } = line("b", "c");
      const put = { key: Buffer.from("lab/other").toString("base64"), value: "", lease: "1002" };
      model.post(1_000, "/v3/kv/txn", JSON.stringify({ compare: [], success: [{ request_put: put }] }));
      const last = new Desk({ id: "last" }, model);
      last.feed({ type: "start" });
      last.answer("grant");
      last.answer("txn");
      leader.feed({ type: "tick" }, at(2_000));
      leader.answer("range");
      expect(listed(leader)).toEqual(["me", "b", "c", "other", "last"]);
      leader.feed({ type: "resign", to: "last" });
      expect([...leader.requests.keys()]).not.toContain("txn"); // as without a name
      expect(leader.requests.has("revoke")).toBe(true);
    });
  });

  it("E76: resign without a successor, or to nobody known, gives the lease back; it leads again with a higher token", () => {
    const desk = new Desk().lead();
    desk.feed({ type: "resign", to: "nobody" });
    expect(desk.machine.isLeader(desk.now)).toBe(false);
    expect(desk.requests.has("grant")).toBe(false); // the old one is given back first
    desk.answer("revoke");
    desk.answer("grant");
    desk.answer("txn");
    expect(desk.machine.token(desk.now)?.epoch).toBeGreaterThan(2);
  });
});

describe("answers that are none", () => {
  const json = fc.oneof(fc.json(), fc.string(), fc.constantFrom("", "null", "[]", '{"result":{}}', '{"kvs":[null]}'));
  const field = fc.constantFrom(
    "ID",
    "TTL",
    "header",
    "result",
    "responses",
    "response_range",
    "kvs",
    "key",
    "revision",
  );
  const shaped = fc
    .letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom("1", "0", "-1", "1e9", "", "bGFiLw==", 5, true, null),
        tie("object"),
        fc.array(tie("value"), { maxLength: 2 }),
      ),
      object: fc.dictionary(field, tie("value"), { maxKeys: 5 }),
    }))
    .object.map((value) => JSON.stringify(value));

  it("E77: nothing that is no answer of etcd's makes a leader, or throws", () => {
    const step = fc.record({
      body: fc.oneof(json, shaped),
      status: fc.constantFrom(200, 404, 500),
      kind: fc.constantFrom("reply", "line", "failed", "tick"),
      id: fc.integer({ min: -1, max: 12 }),
      passMs: fc.integer({ min: 0, max: 600 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, wasGranted) => {
        const desk = new Desk();
        desk.feed({ type: "start" });
        if (wasGranted) desk.answer("grant");
        for (const { kind, id, status, body, passMs } of steps) {
          const now = at(desk.now.mono + passMs);
          if (kind === "reply") desk.feed({ type: "reply", id, status, body }, now);
          else if (kind === "line") desk.feed({ type: "line", id, body }, now);
          else if (kind === "failed") desk.feed({ type: "failed", id, message: body }, now);
          else desk.feed({ type: "tick" }, now);
          expect(desk.machine.isLeader(now)).toBe(false);
        }
        expect(desk.names).not.toContain("elected");
      }),
    );
  });

  const key = Buffer.from("lab/3e9").toString("base64");
  const mine = { key, create_revision: "2", value: "", lease: "1001" };
  it.each<[string, object]>([
    ["without a revision", { responses: [{ response_range: { kvs: [mine] } }] }],
    ["with a number for a string", listing({ ...mine, create_revision: 2 })],
    ["with a revision above the store's", listing({ ...mine, create_revision: "3" })],
    ["with a revision beyond what is exact", listing({ ...mine, create_revision: "9007199254740993" })],
    ["with a revision of 0", listing({ ...mine, create_revision: "0" })],
    ["with a key of another election", listing({ ...mine, key: Buffer.from("lob/3e9").toString("base64") })],
    ["with a key that is no base64", listing({ ...mine, key: "bGFiLzNlO" })],
    ["out of order", listing(mine, { ...mine, create_revision: "1" })],
    ["twice the same", listing(mine, mine)],
    ["with keys that are no list", { responses: [{ response_range: { header: { revision: "2" }, kvs: mine } }] }],
  ])("E77: a list of keys %s is no list", (_name, body) => {
    const desk = new Desk();
    desk.feed({ type: "start" });
    desk.answer("grant");
    desk.says("txn", body);
    expect(desk.names).not.toContain("elected");
    expect(desk.machine.isLeader(desk.now)).toBe(false);
  });

  it("E77: the same list without the fault makes a leader", () => {
    const desk = new Desk();
    desk.feed({ type: "start" });
    desk.answer("grant");
    desk.says("txn", listing(mine));
    expect(desk.machine.token(desk.now)).toEqual({ epoch: 2, id: "me" });
  });

  function listing(...kvs: object[]): object {
    return { responses: [{ response_range: { header: { revision: "2" }, kvs } }] };
  }

  it("E70: a holder that another program wrote is shown by the beginning of its value", () => {
    const desk = new Desk();
    desk.feed({ type: "start" });
    desk.answer("grant");
    const other = { ...mine, key: Buffer.from("lab/1").toString("base64"), create_revision: "1" };
    desk.says("txn", listing({ ...other, value: Buffer.from("etcdctl's").toString("base64") }, mine));
    expect(desk.machine.leader(desk.now)).toEqual({ id: "etcdctl's", address: "", epoch: 1 });
  });
});

it("E71: leads only while a keep-alive that was sent less than TTL minus the margin ago was answered", () => {
  const step = fc.record({
    passMs: fc.integer({ min: 0, max: 2_500 }),
    what: fc.constantFrom("tick", "keepalive", "range", "txn", "grant", "revoke", "fail"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const desk = new Desk();
      const sentAt = new Map<number, number>();
      /** When the last grant or keep-alive that was answered had been sent. */
      let counted = Number.NEGATIVE_INFINITY;
      const ended = new Set<number>();
      const note = (outputs: readonly EtcdOutput[]): void => {
        for (const output of outputs) {
          if (output.type === "request") sentAt.set(output.id, desk.now.mono);
          if (output.type === "stepDown") ended.add(output.token.epoch);
          if (output.type === "elected") expect(ended.has(output.token.epoch)).toBe(false);
        }
      };
      note(desk.feed({ type: "start" }));
      for (const { passMs, what } of steps) {
        const now = at(desk.now.mono + passMs);
        const name = what === "fail" ? [...desk.requests.keys()][0] : what;
        if (what === "tick" || name === undefined || !desk.requests.has(name)) note(desk.feed({ type: "tick" }, now));
        else if (what === "fail") note(desk.feed({ type: "failed", id: desk.take(name).id, message: "lost" }, now));
        else {
          const sent = sentAt.get(desk.requests.get(name)?.id ?? 0) ?? 0;
          if (name === "grant" || name === "keepalive") counted = Math.max(counted, sent);
          note(desk.answer(name, now));
        }
        if (desk.machine.isLeader(now)) expect(now.mono - counted).toBeLessThan(4_700);
      }
    }),
  );
});
