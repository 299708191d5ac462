/** What a document of a protocol must have, beside its rules (scripts/check-docs.ts). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { arrowsIn, drawStates, statesIn } from "../scripts/states/draw.js";
import { type Drawn, faultsOf } from "../scripts/states/faults.js";
import { rewrite } from "../scripts/states/rewrite.js";
import { statesInSource } from "../scripts/states/source-states.js";

const root = join(import.meta.dirname, "..");
const docs = join(root, "docs");
const protocols = ["framing", "hftp", "stopwait-udp", "election", "broadcast", "rake"];

describe.each(protocols)("docs/%s.md", (name) => {
  const document = readFileSync(join(docs, `${name}.md`), "utf8");

  it.each(["Security considerations", "Interoperability", "Known limits"])("has a section: %s", (title) => {
    expect(document).toMatch(new RegExp(`^#{1,2} ${title}$`, "m"));
  });

  it("shows a message of the wire, with its bytes", () => {
    expect(document).toMatch(/`?(?:[0-9a-f]{2} ){3,}|\b[0-9a-f]{16,}\b/);
  });
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
