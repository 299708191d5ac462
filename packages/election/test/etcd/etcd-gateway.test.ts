/** The driver of the etcd engine over real sockets, before a model of etcd and before what is none. */
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { run } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import type { EtcdInput } from "../../src/core/etcd-contract.js";
import { FencedResource, type LeaderInfo, type Token } from "../../src/core/index.js";
import { createEtcdElector, type EtcdElector, type EtcdElectorOptions } from "../../src/node/etcd.js";
import { EtcdGateway } from "../../src/node/etcd-gateway.js";
import type { Logger } from "../../src/node/logger.js";
import { EtcdModel } from "./etcd-model.js";
import { ServedModel } from "./serve-model.js";

const elected = (one: EtcdElector): Promise<Token> => new Promise((resolve) => one.once("elected", resolve));
const told = (one: EtcdElector): Promise<LeaderInfo | undefined> =>
  new Promise((resolve) => one.once("leader", resolve));

it("E73: elects, follows and is succeeded by leases, keys and a watch alone, and leaves nothing behind", async () => {
  await using served = await ServedModel.start();
  // Looks at the keys only where the watch tells of a change.
  const options = { endpoints: [served.endpoint], ttlSeconds: 3_600, pollMs: 1_000_000 };
  await using a = createEtcdElector({ ...options, id: "a", address: "h:1" });
  await using b = createEtcdElector({ ...options, id: "b" });
  const first = elected(a);
  await a.start();
  const known = told(b);
  expect(a.token()).toBeUndefined();
  const { epoch } = await first;
  await b.start();
  expect(await known).toEqual({ id: "a", address: "h:1", epoch });
  const second = elected(b);
  await a.stop();
  expect((await second).epoch).toBeGreaterThan(epoch);
  expect(a.isLeader()).toBe(false);
  await b.stop();
  await served.isLeft();
  expect([...served.paths].sort()).toEqual([
    "/v3/kv/range",
    "/v3/kv/txn",
    "/v3/lease/grant",
    "/v3/lease/revoke",
    "/v3/watch",
  ]);
  await expect(a.start()).rejects.toMatchObject({ code: "STOPPED" });
});

interface Impostor {
  readonly name: string;
  readonly answer: (response: ServerResponse) => void;
  readonly says: RegExp;
  /** Default: longer than anything that ends by itself, however busy the machine is. */
  readonly requestTimeoutMs?: number;
}

const impostors: readonly Impostor[] = [
  { name: "garbage", answer: (response) => response.end("\u0000{{{"), says: /none of etcd's/ },
  { name: "an empty answer", answer: (response) => response.end(), says: /none of etcd's/ },
  { name: "a page", answer: (response) => response.writeHead(404).end("<html>"), says: /404/ },
  {
    name: "a redirect",
    answer: (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    says: /302/,
  },
  { name: "an answer without an end", answer: (response) => flood(response), says: /longer than 4096 bytes/ },
  { name: "half an answer", answer: (response) => half(response), says: /aborted|broke off|hang up/ },
  { name: "no answer", answer: () => {}, says: /no answer within 50 ms/, requestTimeoutMs: 50 },
  { name: "a reset", answer: (response) => response.socket?.resetAndDestroy(), says: /ECONNRESET|hang up/ },
];

function flood(response: ServerResponse): void {
  response.on("error", () => {});
  response.write("x".repeat(10_000));
}

function half(response: ServerResponse): void {
  response.writeHead(200, { "content-length": "100" }).write('{"ID":"1001",');
  response.socket?.end();
}

it.each(impostors)("E77: a server that sends $name makes no leader and stops nothing", async (impostor) => {
  const { answer, says, requestTimeoutMs = 60_000 } = impostor;
  await using served = await ServedModel.answering((_path, _body, response) => answer(response));
  const troubles: string[] = [];
  let enough = (): void => {};
  const many = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const nothing = (): void => {};
  const debug = (_fields: object, message: string): void => {
    troubles.push(message);
    if (troubles.length === 3) enough();
  };
  await using elector = createEtcdElector({
    endpoints: [served.endpoint],
    id: "a",
    retryMs: 1,
    requestTimeoutMs,
    maxReplyBytes: 4_096,
    logger: { debug, info: nothing, warn: nothing, error: nothing },
  });
  await elector.start();
  await many;
  expect(troubles[0]).toMatch(says);
  expect(elector.isLeader()).toBe(false);
  expect(elector.leader()).toBeUndefined();
  await elector.stop();
  await served.isLeft();
});

it("E74: an endpoint that nobody serves is passed over", async () => {
  await using gone = await ServedModel.start();
  await gone[Symbol.asyncDispose]().catch(() => {});
  await using served = await ServedModel.start();
  const warnings: string[] = [];
  const nothing = (): void => {};
  const logger = {
    debug: nothing,
    info: nothing,
    warn: (_: object, said: string) => warnings.push(said),
    error: nothing,
  };
  await using a = createEtcdElector({ endpoints: [gone.endpoint, served.endpoint], id: "a", logger });
  const token = elected(a);
  await using lost = createEtcdElector({ endpoints: [gone.endpoint], id: "b", retryMs: 1, logger });
  await lost.start();
  await a.start();
  await token;
  expect(a.isLeader()).toBe(true);
  expect(warnings).toEqual([
    expect.stringMatching(/^no endpoint of etcd can be used, the last: grant at .*ECONNREFUSED/),
  ]);
});

itWith("openssl", "E74: over TLS, with the certificate that the caller trusts and no other", async () => {
  const folder = scratchFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=etcd", "-addext", "subjectAltName=IP:127.0.0.1"];
  expect((await run("openssl", [...request, "-keyout", key, "-out", cert, ...names])).code).toBe(0);
  const ca = readFileSync(cert);
  await using served = await ServedModel.start({ key: readFileSync(key), cert: ca });
  await using a = createEtcdElector({ endpoints: [served.endpoint], id: "a", tls: { ca } });
  const troubles: string[] = [];
  const nothing = (): void => {};
  const logger = {
    debug: (_: object, said: string) => troubles.push(said),
    info: nothing,
    warn: nothing,
    error: nothing,
  };
  await using stranger = createEtcdElector({ endpoints: [served.endpoint], id: "b", logger });
  await stranger.start();
  const token = elected(a);
  await a.start();
  await token;
  await expect.poll(() => troubles[0]).toMatch(/self-signed certificate/);
  expect(stranger.leader()).toBeUndefined();
});

it("E78: two leaders, because somebody deleted the key, are told apart by what they write to", async () => {
  const model = new EtcdModel();
  const key = Buffer.from("lab/3e9").toString("base64");
  const deletion = { compare: [], success: [{ request_delete_range: { key } }] };
  await using served = await ServedModel.answering((path, body, response) => {
    if (path === "/v3/watch") return; // nobody is told
    const reply = model.post(performance.now(), path, body);
    response.writeHead(reply.status).end(reply.body);
  });
  const options = { endpoints: [served.endpoint], ttlSeconds: 3_600 };
  await using a = createEtcdElector({ ...options, id: "a", pollMs: 1_000_000 });
  await using b = createEtcdElector({ ...options, id: "b", pollMs: 5 });
  const first = elected(a);
  await a.start();
  await first;
  const second = elected(b);
  await b.start();
  model.post(performance.now(), "/v3/kv/txn", JSON.stringify(deletion));
  await second;
  const [old, young] = [a.token() as Token, b.token() as Token];
  expect([a.isLeader(), b.isLeader()]).toEqual([true, true]);
  const resource = new FencedResource();
  expect([old, young, old].map((token) => resource.tryAccept(token))).toEqual([true, true, false]);
});

it.each<[object, RegExp]>([
  [{ endpoints: [] }, /endpoints must be 1 to 16/],
  [{ endpoints: "http://a:1" }, /endpoints must be an array/],
  [{ endpoints: [7] }, /endpoints must hold strings/],
  [{ endpoints: ["a:2379"] }, /endpoints must be like http:\/\/HOST:PORT/],
  [{ endpoints: ["http://a:1/v3"] }, /endpoints must be like/],
  [{ endpoints: ["http://u:p@a:1"] }, /endpoints must be like/],
  [{ id: "" }, /id must be 1 to 64 bytes/],
  [{ id: undefined }, /id must be a string/],
  [{ election: "x".repeat(65) }, /election must be 1 to 64 bytes/],
  [{ address: "x".repeat(257) }, /address must be 0 to 256 bytes/],
  [{ ttlSeconds: 0 }, /ttlSeconds is 0, but must be a whole number from 1 to 3600/],
  [{ ttlSeconds: 1.5 }, /ttlSeconds/],
  [{ ttlSeconds: "5" }, /ttlSeconds must be a whole number from 1 to 3600, not string/],
  [{ ttlSeconds: 1, marginMs: 501 }, /marginMs is 501, but must be at most half/],
  [{ clockError: Number.NaN }, /clockError/],
  [{ username: "u" }, /username and password go together/],
  [{ maxReplyBytes: 1 }, /maxReplyBytes/],
  [{ ttl: 5 }, /there is no option "ttl"; did you mean ttlSeconds\?/],
])("E74: refuses %j", (wrong, message) => {
  const options = { endpoints: ["http://127.0.0.1:2379"], id: "a", ...wrong } as EtcdElectorOptions;
  expect(() => createEtcdElector(options)).toThrow(message);
});

const one = "http://127.0.0.1:1";
it.each<[string, Partial<EtcdElectorOptions>, RegExp]>([
  ["a port that there is not, of any endpoint", { endpoints: [one, "http://127.0.0.1:99999"] }, /not http:.*99999/],
  ["port 0", { endpoints: ["http://127.0.0.1:0"] }, /endpoints must be like http:/],
  ["an address that is none, of any endpoint", { endpoints: [one, "http://300.300.300.300:2379"] }, /not http:.*300/],
  ["a header of two lines", { headers: { "x-y": "a\nb" } }, /headers cannot be used: Invalid character/],
  ["a header's name with a space", { headers: { "x y": "1" } }, /headers cannot be used: Header name must be/],
  ["a certificate that is none", { tls: { cert: "nonsense" } }, /tls cannot be used: /],
  ["a logger that cannot be called", { logger: {} as Logger }, /logger must be an object with the functions/],
  ["clocks that do not run", { clocks: { mono: () => Number.NaN, wall: () => 0 } }, /clocks.mono must give/],
])("E74: refuses %s before it is started", (_, options, why) => {
  expect(() => createEtcdElector({ endpoints: [one], id: "a", ...options })).toThrow(why);
});

it("E74: what Node refuses to send fails like an endpoint, and close waits for nothing", async () => {
  const told: EtcdInput[] = [];
  const gateway = new EtcdGateway({ tls: {}, headers: { "a b": "c" }, maxReplyBytes: 1_024 }, (input) => {
    told.push(input);
  });
  const request = { path: "/v3/kv/range", body: "{}", timeoutMs: 1_000, isWatch: false, authorization: undefined };
  gateway.send({ type: "request", id: 1, endpoint: one, ...request });
  gateway.send({ type: "request", id: 2, endpoint: "http://127.0.0.1:99999", ...request });
  gateway.send({ type: "request", id: 3, endpoint: one, ...request });
  gateway.cancel(3);
  expect(told).toEqual([]); // not while the machine tells
  await gateway.close();
  expect(told).toEqual([
    { type: "failed", id: 1, message: expect.stringContaining("Header name") },
    { type: "failed", id: 2, message: expect.stringContaining("Invalid URL") },
  ]);
});
