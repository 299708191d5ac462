/** What a document of a protocol must have, beside its rules (scripts/check-docs.ts). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TYPE as BROADCAST_TYPE } from "../packages/broadcast/src/core/message-types.js";
import { BODY_TYPES } from "../packages/election/src/core/messages.js";
import { COMMANDS } from "../packages/hftp/src/core/requests.js";
import { TYPE as RAKE_TYPE } from "../packages/rake/src/core/message-types.js";
import { V1_CODE } from "../packages/rake/src/core/v1-messages.js";
import { Type as V2_TYPE } from "../packages/stopwait-udp/src/core/v2-packet.js";
import { arrowsIn, drawStates, statesIn } from "../scripts/states/draw.js";
import { type Drawn, faultsOf } from "../scripts/states/faults.js";
import { rewrite } from "../scripts/states/rewrite.js";
import { statesInSource } from "../scripts/states/source-states.js";

const root = join(import.meta.dirname, "..");
const docs = join(root, "docs");
/** A message: how its row of a table begins, and how its bytes do. */
type Message = readonly [row: string, begins: string];
const numbered = (types: Readonly<Record<string, number>>, bytes: number): Message[] =>
  Object.entries(types).map(([name, number]) => [`${number} ${name}`, number.toString(16).padStart(2 * bytes, "0")]);
const ascii = (text: string) => Buffer.from(text).toString("hex");
const upperCase = ([row, begins]: Message): Message => [row.toUpperCase(), begins];

/** What each document must show, by the codec's own tables of messages. */
const protocols: readonly [document: string, pictures: RegExp, messages: readonly Message[]][] = [
  [
    "framing",
    /^framing-states$/,
    [
      ["`hi`", "00000000000000026869"],
      ["`hi`, 4-byte length", "000000026869"],
    ],
  ],
  [
    "hftp",
    /^hftp-states$/,
    [...COMMANDS.map((name) => ["", ascii(name)] as const), ["", ascii("0 OK")], ["", ascii("202")]],
  ],
  [
    "stopwait-udp",
    /^stopwait-v[12]-(?:get|put)-(?:client|server)-states$/,
    [
      ...Object.entries(V2_TYPE).map(([name, type]) => [name, type.toString(16)] as const),
      ...[..."GPADFE"].map((letter) => ["", ascii(letter)] as const),
    ],
  ],
  [
    "election",
    /^election-states$/,
    BODY_TYPES.map((type, at) => [`${at + 1} ${type[0]?.toUpperCase()}${type.slice(1)}`, ""] as const),
  ],
  ["broadcast", /^broadcast-(?:client|server)-states$/, numbered(BROADCAST_TYPE, 1).map(upperCase)],
  [
    "rake",
    /^rake-(?:client|server-connection|server-run)-states$/,
    [...numbered(RAKE_TYPE, 8), ...numbered(V1_CODE, 4)],
  ],
  // No protocol and no machine of its own: it runs those of others. So it shows a trace of them, and no states.
  [
    "simnet",
    /^simnet-trace$/,
    [
      ["section header", "0a0d0d0a"],
      ["interface description", "01000000"],
      ["name resolution", "04000000"],
    ],
  ],
];

describe.each(protocols)("docs/%s.md", (name, pictures, messages) => {
  const document = readFileSync(join(docs, `${name}.md`), "utf8");

  it.each(["Security considerations", "Interoperability", "Known limits"])(
    "has a section of some length: %s",
    (title) => {
      const [, section = ""] = document.split(new RegExp(`^#{1,2} ${title}$`, "m"));
      const lines = section.split(/^#{1,2} /m)[0]?.split("\n") ?? [];
      expect(lines.filter((line) => line !== "").length).toBeGreaterThan(1);
      expect(lines.join(" ").length).toBeGreaterThan(250);
    },
  );

  it("shows pictures of its own", () => {
    const shown = [...document.matchAll(/!\[[^\]]+\]\(images\/([\w.-]+)\.\w+\)/g)].map(([, picture = ""]) => picture);
    const own = readdirSync(join(docs, "images")).map((file) => file.replace(/\.\w+$/, ""));
    expect(own.filter((picture) => pictures.test(picture))).not.toEqual([]);
    expect(shown).toEqual(expect.arrayContaining(own.filter((picture) => pictures.test(picture))));
  });

  it.each(messages)("shows the bytes of a message: %s %s", (row, begins) => {
    const rows = document.split("\n").filter((line) => line.startsWith(row === "" ? "| " : `| ${row} |`));
    const bytes = rows.flatMap((line) =>
      [...line.matchAll(/`([0-9a-f]{2}[0-9a-f ]*)[.0-9a-f]*`/g)].map(([, hex = ""]) => hex),
    );
    expect(bytes.filter((hex) => hex.replaceAll(" ", "").startsWith(begins))).not.toEqual([]);
  });
});

it("the trace that docs/simnet.md shows is what is drawn now", () => {
  const golden = join(root, "packages/simnet/test/golden/diagram.svg");
  expect(readFileSync(join(docs, "images/simnet-trace.svg"), "utf8")).toBe(readFileSync(golden, "utf8"));
});

it("every picture is shown by a document or a README", () => {
  const folders = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
  const readmes = [root, ...folders].map((folder) => join(folder, "README.md")).filter((file) => existsSync(file));
  const pages = readdirSync(docs).filter((name) => name.endsWith(".md"));
  const all = [...pages.map((name) => join(docs, name)), ...readmes].map((file) => readFileSync(file, "utf8"));
  const shown = all.flatMap((text) => [...text.matchAll(/!\[[^\]]+\]\((?:[\w./-]*\/)?images\/([\w.-]+)\)/g)]);
  expect(new Set(shown.map(([, picture]) => picture))).toEqual(new Set(readdirSync(join(docs, "images"))));
});

const one = new Map([
  ["between frames", new Map([["in-between", new Set(["b", "a"])]])],
  ["in-between", new Map([["between frames", new Set(["c"])]])],
]);

it("states are drawn the same from the same transitions, in whatever order they were found", async () => {
  const other = new Map([...one].reverse());
  const svg = await drawStates("A title", "between frames", one);
  expect(await drawStates("A title", "between frames", other)).toBe(svg);
  expect(arrowsIn(svg)).toEqual(new Set(["between frames -> in-between", "in-between -> between frames"]));
  expect(statesIn(svg)).toEqual(new Set(["between frames", "in-between"]));
});

describe("what is amiss with pictures of states", async () => {
  const svg = await drawStates("A title", "between frames", one);
  const less = await drawStates("A title", "between frames", new Map([...one].slice(0, 1)));
  const other = await drawStates("Another title", "between frames", one);
  const changes = ["between frames -> in-between: a"];
  const listed = ["between frames", "in-between"];
  const drawn: Drawn = { name: "some", svg, changes, also: changes, listed, drawnAs: {} };
  const shows = "![States: between frames, in-between](images/some-states.svg)";
  const files = new Map([["some-states.svg", svg]]);
  const documents = new Map([["some.md", shows]]);
  const stale = "some: the picture is not what the machine gives now";

  it("is nothing where all is well", () => {
    expect(faultsOf([drawn], files, documents)).toEqual([]);
  });

  it.each<[string, Partial<Drawn>, [string, string][], [string, string][], string]>([
    [
      "an arrow that happens no more",
      { svg: less, listed: [] },
      [],
      [],
      `${stale}: in-between -> between frames does not happen any more`,
    ],
    [
      "an arrow that is new",
      {},
      [["some-states.svg", less]],
      [],
      `${stale}: in-between -> between frames is not in it`,
    ],
    [
      "another drawing of the same",
      {},
      [["some-states.svg", other]],
      [],
      `${stale}: the same arrows, but otherwise drawn`,
    ],
    ["a picture of no machine", {}, [["old-states.svg", svg]], [], "old-states.svg: no machine draws it"],
    [
      "a machine without a picture",
      { name: "new" },
      [],
      [["n.md", shows.replace("some", "new")]],
      "new: there is no picture of it",
    ],
    ["a picture in no document", {}, [], [["some.md", ""]], "some-states.svg: no document shows it"],
    [
      "a document with a picture that is none",
      {},
      [],
      [["old.md", "![Old](images/old-states.svg)"]],
      "old.md shows old-states.svg, which no machine draws",
    ],
    [
      "a text that leaves a state out",
      {},
      [],
      [["some.md", shows.replace("between frames, ", "")]],
      "some.md: the text of some-states.svg does not name the state between frames",
    ],
    [
      "a state of the sources in no picture",
      { listed: [...listed, "lost"] },
      [],
      [],
      "some: no run reached the state lost",
    ],
    [
      "a state drawn as one that is not there",
      { listed: [...listed, "lost"], drawnAs: { lost: ["gone"] } },
      [],
      [],
      "some: no run reached the state gone",
    ],
    [
      "a state that the sources list no more",
      { drawnAs: { lost: ["in-between"] } },
      [],
      [],
      "some: the state lost need not be drawn as another",
    ],
    [
      "another run that does something else",
      { also: ["in-between -> lost: d"] },
      [],
      [],
      "some: not drawn, though it happens: in-between -> lost: d",
    ],
  ])("is %s", (_what, change, otherFiles, otherDocuments, fault) => {
    const faults = faultsOf(
      [{ ...drawn, ...change }],
      new Map([...files, ...otherFiles]),
      new Map([...documents, ...otherDocuments]),
    );
    expect(faults).toContain(fault);
  });
});

describe("machines that tell", () => {
  const source = `export class Machine {
  #state: "new" | "open" = "new";
  error: Error | undefined;
  protected override open(now: number): void {
    this.#state = "open";
  }
}`;

  it("tell each value of a field, and each call", () => {
    const told = rewrite(source, { fields: ["#state", "error"], calls: ["open"] }, "./telling.js");
    expect(told).toContain('#told_state = toldField(this, "#state", ("new"), true);');
    expect(told).toContain('set #state(next) { this.#told_state = toldField(this, "#state", next, false); }');
    expect(told).toContain('#told_error = toldField(this, "error", (undefined), true);');
    expect(told).toContain('return toldCall(this, "open", given, () => this.#told_open(...given));');
  });

  it.each([{ fields: ["#phase"] }, { calls: ["close"] }])("cannot tell what they have not: %o", (told) => {
    expect(() => rewrite(source, told, "./telling.js")).toThrow("that could tell");
  });

  it("list their states as fields or as types, and nothing else is taken for a list", () => {
    expect(statesInSource(source, "#state")).toEqual(["new", "open"]);
    expect(statesInSource('type Step =\n  | "a" // first\n  | "b";', "Step")).toEqual(["a", "b"]);
    expect(() => statesInSource(source, "error")).toThrow("no union of states");
  });
});
