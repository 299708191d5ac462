/** What the dashboard answers, to whom, and that it keeps its bounds. */
import { once } from "node:events";
import { get, type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { buildPage } from "../../build-page.mjs";
import { type Dashboard, type DashboardOptions, openDashboard } from "../../src/node/dashboard.js";
import { loadPage } from "../../src/node/dashboard-page.js";
import type { Shown, ShownState } from "../../src/web/state.js";
import { FakeElector, hostRow } from "./shown-elector.js";

beforeAll(async () => {
  await buildPage();
});

const secret = new Uint8Array(16);

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  const sent = request(url, { agent: false, ...options }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

async function shown(
  elector: FakeElector,
  options: DashboardOptions = {},
  how: { readonly secret?: Uint8Array } = {},
): Promise<Dashboard> {
  const dashboard = await openDashboard({ updateMs: 20, ...options });
  dashboard.show(elector, how);
  return dashboard;
}

/** A page that watches: its events, as they come. */
class Watcher implements Disposable {
  readonly #response: IncomingMessage;
  readonly #waiting = new Set<() => void>();
  /** The last event of each name. */
  readonly #last = new Map<string, unknown>();
  /** What came before the first event. */
  beginning = "";

  private constructor(response: IncomingMessage) {
    this.#response = response.setEncoding("utf8");
    let rest = "";
    response.on("data", (chunk: string) => {
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
        if (name === undefined || data === undefined) this.beginning += block;
        else this.#last.set(name, JSON.parse(data));
      }
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    });
    response.on("error", () => {});
  }

  static async open(url: string): Promise<Watcher> {
    const [response] = (await once(get(`${url}events`, { agent: false }), "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    return new Watcher(response);
  }

  /** The last event of a name for which it holds. */
  async event<Value>(name: string, holds: (value: Value) => boolean): Promise<Value> {
    for (;;) {
      const value = this.#last.get(name) as Value | undefined;
      if (value !== undefined && holds(value)) return value;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  [Symbol.dispose](): void {
    this.#response.destroy();
  }
}

describe("the page and its files", () => {
  it("E67 come with their types, and a policy that lets them load nothing else", async () => {
    await using dashboard = await shown(
      new FakeElector({
        hosts: [
          hostRow("b", { ui: "http://10.0.0.7:8080/", address: "10.0.0.7:5000" }),
          hostRow("c", { ui: "javascript:alert(1)" }),
          hostRow("d", { ui: "http://evil.example/" }),
        ],
      }),
      {},
      { secret },
    );
    const page = await ask(dashboard.url);
    expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    const policy = String(page.headers["content-security-policy"]).split("; ");
    expect(policy).toEqual([
      "default-src 'self'",
      "connect-src 'self' http://127.0.0.1:* http://10.0.0.7:8080",
      "base-uri 'none'",
      "form-action 'none'",
      "object-src 'none'",
      "frame-ancestors 'none'",
    ]);
    for (const [path, type] of [
      ["dashboard.js", "text/javascript"],
      ["dashboard.css", "text/css"],
      ["icon.svg", "image/svg+xml"],
      ["licenses.txt", "text/plain"],
    ] as const) {
      const file = await ask(`${dashboard.url}${path}`);
      expect(file.headers["content-type"]).toContain(type);
      expect(file.headers["x-content-type-options"]).toBe("nosniff");
      expect(file.body.length).toBeGreaterThan(100);
    }
    expect((await ask(dashboard.url, { method: "HEAD" })).body).toBe("");
  });

  it("E67 are all that there is, and nothing can be changed", async () => {
    await using dashboard = await shown(new FakeElector());
    for (const path of ["package.json", "../package.json", "%2e%2e/package.json", "page/index.html"]) {
      expect((await ask(dashboard.url, { path: `/${path}` })).status).toBe(404);
    }
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      expect(await ask(`${dashboard.url}state`, { method })).toMatchObject({
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
  });

  it("say what to run where they were not bundled", async () => {
    const page = await loadPage(scratchFolder());
    expect([...page.keys()]).toEqual(["/"]);
    expect(new TextDecoder().decode(page.get("/")?.body)).toMatch(
      /not bundled.*node packages\/election\/build-page.mjs/,
    );
  });
});

describe("the state", () => {
  it("E69 is that of the node and of its table, and is not to be kept", async () => {
    await using dashboard = await shown(new FakeElector());
    const { headers, body } = await ask(`${dashboard.url}state`);
    expect(headers).toMatchObject({ "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
    expect(JSON.parse(body)).toMatchObject({
      state: {
        cluster: "lab",
        mode: "available",
        node: { id: "a", role: "leader", url: dashboard.url },
        leader: { id: "a", epoch: 1 },
        lease: { of: "leader", leaseMs: 1_500 },
        source: { by: "a" },
        pages: [{ id: "a", url: dashboard.url }],
      },
      table: {
        by: "a",
        total: 2,
        connected: 2,
        rows: [
          { id: "a", isLeader: true },
          { id: "b", rank: 2 },
        ],
      },
      history: { history: { terms: [{ id: "a", epoch: 1 }] } },
    });
  });

  it("has no end of a lease for a leader without hosts", async () => {
    await using dashboard = await shown(new FakeElector({ leaseRemainingMs: Number.POSITIVE_INFINITY }));
    const { state } = JSON.parse((await ask(`${dashboard.url}state`)).body) as Shown;
    expect(state.lease.remainingMs).toBeNull();
  });

  it("is unknown before a node is shown", async () => {
    await using dashboard = await openDashboard();
    expect((await ask(`${dashboard.url}state`)).status).toBe(503);
  });

  it("E69 has so many rows at most: the best, and some of those that are lost", async () => {
    const hosts = Array.from({ length: 50 }, (_, index) =>
      hostRow(`h${index}`, { rank: index + 1, status: index < 30 ? "connected" : "disconnected" }),
    );
    await using dashboard = await shown(new FakeElector({ hosts }), { maxRows: 8 });
    const { table } = JSON.parse((await ask(`${dashboard.url}state`)).body) as Shown;
    expect(table).toMatchObject({ total: 50, connected: 30 });
    expect(table?.rows.map(({ id }) => id)).toEqual(["h0", "h1", "h2", "h3", "h4", "h5", "h30", "h31"]);
  });
});

describe("who is answered", () => {
  it.each([
    ["127.0.0.1:80", 200],
    ["localhost", 200],
    ["LOCALHOST:1", 200],
    ["[::1]:80", 200],
    ["evil.example", 421],
    ["127.0.0.1.evil.example:80", 421],
    ["user@127.0.0.1", 421],
    ["127.0.0.1/evil", 421],
  ])("E67 a request for the host %j: %i (DNS rebinding)", async (host, status) => {
    await using dashboard = await shown(new FakeElector());
    expect((await ask(`${dashboard.url}state`, { headers: { host } })).status).toBe(status);
  });

  const readers = async (dashboard: Dashboard, origins: readonly string[]): Promise<string[]> => {
    const read: string[] = [];
    for (const origin of origins) {
      for (const path of ["state", "events"]) {
        const sent = request(`${dashboard.url}${path}`, { agent: false, headers: { origin } }).end();
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        const { "access-control-allow-origin": allowed, vary } = response.headers;
        response.destroy();
        expect([response.statusCode, allowed, vary]).toEqual(
          response.statusCode === 200 ? [200, origin, "Origin"] : [403, undefined, "Origin"],
        );
        if (response.statusCode === 200) read.push(`${origin} ${path}`);
      }
    }
    return [...new Set(read.map((one) => one.split(" ")[0] ?? ""))];
  };
  // Every host names its dashboard, and may lie; e says that it is at an address of somebody else's.
  const hosts = [
    hostRow("b", { ui: "http://10.0.0.7:8080/", address: "10.0.0.7:5000" }),
    hostRow("c", { ui: "http://127.0.0.1:8081/" }),
    hostRow("d", { ui: "http://evil.example/" }),
    hostRow("e", { ui: "http://evil.example:81/", address: "evil.example:5000" }),
    hostRow("f", { ui: "http://10.0.0.7.evil.example:8080/", address: "127.0.0.1:1" }),
    hostRow("g", { ui: "http://user@evil.example:8080/", address: "127.0.0.1.evil.example:1" }),
    hostRow("h", { ui: "data:text/html,x" }),
  ];
  const asked = [
    "http://10.0.0.7:8080",
    "http://127.0.0.1:8081",
    "http://localhost:8081",
    "http://evil.example",
    "http://evil.example:81",
    "http://evil.example:8080",
    "http://10.0.0.7.evil.example:8080",
    "https://10.0.0.7:8080",
    "http://10.0.0.7",
    "http://127.0.0.1:9999",
    "null",
  ];

  it("E68 without a secret, pages of known dashboards on loopback may read, and nobody else, whatever a row says", async () => {
    await using dashboard = await shown(new FakeElector({ hosts }));
    expect(await readers(dashboard, asked)).toEqual(["http://127.0.0.1:8081", "http://localhost:8081"]);
    const { state } = JSON.parse((await ask(`${dashboard.url}state`)).body) as Shown;
    expect(state.pages.map(({ url }) => url)).toEqual([dashboard.url, "http://127.0.0.1:8081/"]); // nor is the page sent there
  });

  it("E68 with a secret, those on the host of a node's address may read too", async () => {
    const rows = hosts.filter(({ id }) => id !== "e"); // who does not know the secret has no row
    await using dashboard = await shown(new FakeElector({ hosts: rows }), {}, { secret });
    expect(await readers(dashboard, asked)).toEqual([
      "http://10.0.0.7:8080",
      "http://127.0.0.1:8081",
      "http://localhost:8081",
    ]);
  });

  it("E68 origins that this dashboard was told may read", async () => {
    await using dashboard = await shown(new FakeElector(), { origins: ["https://lab.example/"] });
    expect(await readers(dashboard, ["https://lab.example", "http://lab.example", "https://evil.example"])).toEqual([
      "https://lab.example",
    ]);
  });
});

describe("what hosts say of themselves", () => {
  it("E69 is escaped where it could steer a terminal, and reads as the same", async () => {
    const id = "x\u001b[2J\u009b31m\u202e</script>";
    await using dashboard = await shown(new FakeElector({ hosts: [hostRow(id)] }));
    const { body } = await ask(`${dashboard.url}state`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these it is about
    expect(body).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect((JSON.parse(body) as Shown).table?.rows[0]?.id).toBe(id);
  });
});

describe("the pages that watch", () => {
  it("are told at once, and of every change", async () => {
    const elector = new FakeElector();
    await using dashboard = await shown(elector, { updateMs: 100_000 });
    using page = await Watcher.open(dashboard.url);
    await page.event<ShownState>("state", ({ leader }) => leader?.id === "a");
    expect(page.beginning).toBe("retry: 1000");
    await page.event<Shown["table"]>("table", (table) => table?.rows.length === 2);
    elector.change({ role: "follower", leader: undefined, leaseRemainingMs: 0 });
    await page.event<ShownState>("state", ({ leader }) => leader === undefined);
    const { history } = await page.event<Shown["history"]>("history", (one) => one.history.terms[0]?.why !== undefined);
    expect(history.terms).toMatchObject([{ id: "a", why: "unheard" }]);
  });

  it("hear something in every interval", async () => {
    await using dashboard = await shown(new FakeElector(), { updateMs: 10 });
    using page = await Watcher.open(dashboard.url);
    const first = await page.event<ShownState>("state", () => true);
    await page.event<ShownState>("state", ({ at }) => at > first.at);
  });

  it("may come before there is a node to be shown", async () => {
    await using dashboard = await openDashboard();
    using page = await Watcher.open(dashboard.url);
    dashboard.show(new FakeElector());
    await page.event<ShownState>("state", ({ leader }) => leader?.id === "a");
    expect(() => dashboard.show(new FakeElector())).toThrow("shows a node already");
  });

  it("E69 are bounded: one too many is told to come again, and has room when another leaves", async () => {
    await using dashboard = await shown(new FakeElector(), { maxClients: 2 });
    using _first = await Watcher.open(dashboard.url);
    const second = await Watcher.open(dashboard.url);
    expect(await ask(`${dashboard.url}events`)).toMatchObject({ status: 503, headers: { "retry-after": "10" } });
    second[Symbol.dispose]();
    for (;;) {
      const [response] = (await once(get(`${dashboard.url}events`, { agent: false }), "response")) as [IncomingMessage];
      response.destroy();
      if (response.statusCode === 200) break;
    }
  });

  it("E69 that read too slowly are dropped, and others go on", async () => {
    const rows = (round: number): ReturnType<typeof hostRow>[] =>
      Array.from({ length: 1_000 }, (_, index) => hostRow(`h${index}-${round}`));
    const elector = new FakeElector({ hosts: rows(0) });
    await using dashboard = await shown(elector, { maxUnsentBytes: 200_000 });
    using page = await Watcher.open(dashboard.url);
    const slow = connect(Number(new URL(dashboard.url).port), "127.0.0.1").pause();
    slow.write(`GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    const dropped = new Promise<string>((resolve) => {
      slow.on("error", () => {}).once("close", () => resolve("is dropped"));
    });
    await once(slow, "readable"); // it watches
    // It reads no more; what the system takes in its place is a few megabytes.
    for (let round = 1; round < 40; round++) {
      elector.change({ hosts: rows(round) });
      await page.event<Shown["table"]>("table", (table) => table?.rows[0]?.id === `h0-${round}`);
    }
    const goesOn = new Promise<string>((resolve) => {
      slow.setEncoding("utf8").on("data", (text: string) => {
        if (/"h\d+-39"/.test(text)) resolve("goes on");
      });
    });
    expect(await Promise.race([dropped, goesOn])).toBe("is dropped");
    expect(slow.bytesRead).toBeLessThan(30_000_000);
  });
});

describe("an end", () => {
  it("closes every connection and forgets the node", async () => {
    const elector = new FakeElector();
    const dashboard = await shown(elector);
    const page = await Watcher.open(dashboard.url);
    expect(elector.listenerCount).toBe(4);
    await Promise.all([dashboard.close(), dashboard.close()]);
    expect(elector.listenerCount).toBe(0);
    await expect(ask(dashboard.url)).rejects.toThrow("ECONNREFUSED");
    page[Symbol.dispose]();
    expect(() => dashboard.show(elector)).toThrow("was closed");
  });
});

describe("options", () => {
  it.each<[string, DashboardOptions, string]>([
    ["an address that others reach", { listen: "0.0.0.0:0" }, "listen is 0.0.0.0:0, where others can read"],
    ["no address", { listen: "8080" }, 'listen is "8080", but must be HOST:PORT'],
    ["too few", { maxClients: 0 }, "maxClients is 0, but must be a whole number from 1 to 10000"],
    [
      "a misspelt one",
      { maxClient: 1 } as DashboardOptions,
      'there is no option "maxClient"; did you mean maxClients?',
    ],
    [
      "an origin that is none",
      { origins: ["evil.example"] },
      'origins is "evil.example", but must be http://HOST:PORT/',
    ],
    ["a URL that is none", { url: "javascript:alert(1)" }, "but must be http://HOST:PORT/"],
  ])("%s is an error that says so", async (_title, options, message) => {
    await expect(openDashboard(options)).rejects.toThrow(message);
  });

  it("an address that others reach is taken where that is said, with the URL that is told to others", async () => {
    await using dashboard = await openDashboard({
      listen: "0.0.0.0:0",
      expose: true,
      url: "http://lab-01.example:8080",
    });
    expect(dashboard.url).toBe("http://lab-01.example:8080/");
  });

  it("a port that another has is an ElectorError", async () => {
    await using dashboard = await openDashboard();
    const listen = new URL(dashboard.url).host;
    await expect(openDashboard({ listen })).rejects.toMatchObject({ code: "LISTEN" });
  });
});
