/** The site of a small tree: what is in it, and that what is wrong is told. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { instance } from "@viz-js/viz";
import { describe, expect, it } from "vitest";
import { buildSite } from "../scripts/site/build.js";
import { entryPoints } from "../scripts/site/entry-points.js";
import { drawFlowchart } from "../scripts/site/flowchart.js";
import { deadPageLinks } from "../scripts/site/links.js";
import { HEADINGS, pages } from "../scripts/site/pages.js";
import { scratchFolder } from "./scratch.js";

const root = join(import.meta.dirname, "..");

/** A tree with one package of two entry points, all of it documented; `files` replaces or adds. */
function tree(files: Readonly<Record<string, string>> = {}): string {
  return scratchFolder({
    "tsconfig.json": '{ "compilerOptions": { "module": "nodenext", "types": [] }, "include": ["packages/*/src"] }',
    "README.md":
      "# Small\n\nWhat it is.\n\n```sh\nnpx demo\n```\n\nMore.\n\n## Where\n\nSee [the rules](docs/echo.md#rules), and the [package](packages/echo/README.md).\n",
    "docs/echo.md": "# Echo: what it does\n\n## Rules\n\nBack to [the package](../packages/echo/README.md).\n",
    "examples/one/README.md": "# One example\n",
    "packages/echo/README.md": "# @lab/echo\n\nSee [its rules](../../docs/echo.md).\n",
    "packages/echo/package.json": JSON.stringify({
      name: "@lab/echo",
      exports: { ".": "./src/index.ts", "./core": "./src/core/index.ts", "./package.json": "./package.json" },
    }),
    "packages/echo/src/index.ts": "/** Says it again, as {@link Echo}. */\nexport { Echo } from './core/index.js';\n",
    "packages/echo/src/core/index.ts": "/** Says it again. */\nexport class Echo {}\n",
    ...files,
  });
}

it("the site has every entry point, as it is imported, and every page, by its heading", async () => {
  const small = tree();
  const site = join(small, ".site");
  expect(await buildSite(small, site)).toEqual([]);
  expect(deadPageLinks(site)).toEqual([]);
  const contents = readFileSync(join(site, "modules.html"), "utf8");
  for (const [page, name] of [
    ["modules/_lab_echo.html", "@lab/echo"],
    ["modules/_lab_echo_core.html", "@lab/echo/core"],
    ["docs/echo.html", "Echo: what it does"],
    ["packages/echo.html", "Package @lab/echo"],
    ["examples/one.html", "One example"],
  ] as const) {
    expect(contents).toContain(`<a href="${page}">${name}</a>`);
    expect(existsSync(join(site, page)), page).toBe(true);
  }
});

it("the start page says its title once, and leads to every protocol's document before anything else", async () => {
  const small = tree({ "docs/machine.md": "# The contract\n" });
  const site = join(small, ".site");
  expect(await buildSite(small, site)).toEqual([]);
  const start = readFileSync(join(site, "index.html"), "utf8").replace(/^[\s\S]*?<div class="col-content">/, "");
  expect(start.match(/<h1/g)).toHaveLength(1);
  const order = [
    "What it is.",
    'href="docs/echo.html"',
    'href="docs/machine.html"',
    'id="where"',
    "docs/echo.html#rules",
  ];
  expect(order.map((text) => start.indexOf(text))).toEqual(
    order.map((text) => start.indexOf(text)).sort((a, b) => a - b),
  );
  expect(order.filter((text) => !start.includes(text))).toEqual([]);
});

it("what is not documented and every link that leads nowhere is a fault of the site", async () => {
  const small = tree({
    "packages/echo/src/core/index.ts": "export class Echo {}\n\n/** {@link Nobody} */\nexport const one = 1;\n",
    "docs/echo.md": "# Echo: what it does\n\n[x](nowhere.md) [y](aside/notes.md)\n\n```mermaid\npie\n```\n",
    "docs/aside/notes.md": "# Of no page\n",
  });
  const site = join(small, ".site");
  const faults = [...(await buildSite(small, site)), ...deadPageLinks(site)].join("\n");
  expect(faults).toMatch(/Echo.*does not have any documentation/);
  expect(faults).toContain("Nobody");
  expect(faults).toMatch(/^docs\/echo.html: nowhere.md$/m);
  expect(faults).toMatch(/^docs\/echo.html: \.\.\/media\/notes.md$/m);
  expect(faults).toMatch(/^index.html: docs\/echo.html#rules$/m);
  expect(faults).toMatch(/not a flowchart that is drawn here: pie$/m);
});

describe("flowcharts", async () => {
  const viz = await instance();

  it("are drawn with their nodes, labels, groups and arrows of every kind, in the colours of the page", () => {
    const svg = drawFlowchart(
      viz,
      'flowchart LR\n  subgraph one ["the first"]\n    a["A & co<br/><i>small</i>"] --- b[("store")]\n  end\n  one <-- "asks, says" --> c\n  c -- load --> d\n',
    );
    for (const text of ["the first", "A &amp; co", "small", "store", "asks, says", "load"]) expect(svg).toContain(text);
    expect(svg.match(/class="edge"/g)).toHaveLength(3);
    expect(svg.match(/<polygon/g)).toHaveLength(3); // points: two at `<-->`, one at `-->`
    expect(svg).not.toContain("black");
  });

  it.each(["pie", "flowchart LR\n  a ==> b", "flowchart LR\n  a{x} --> b", "flowchart LR\n  a --> "])(
    "%j is refused",
    (source) => {
      expect(() => drawFlowchart(viz, source)).toThrow(SyntaxError);
    },
  );
});

describe("here", () => {
  it("every entry point is one, and its source is there", () => {
    const points = entryPoints(root);
    expect(points.map(({ name }) => name)).toEqual(expect.arrayContaining(["@lab/framing", "@lab/simnet/fast-check"]));
    for (const { source } of points) expect(existsSync(join(root, source)), source).toBe(true);
  });

  it("the pages begin with what a newcomer wants, and each is there once, under a heading", () => {
    const all = pages(root);
    const sources = all.map(({ source }) => source);
    expect(sources.slice(0, 3)).toEqual(["docs/how-to-write-a-protocol.md", "docs/teachers.md", "docs/machine.md"]);
    expect(new Set(all.map(({ address }) => address)).size).toBe(all.length);
    expect(new Set(all.map(({ heading }) => heading))).toEqual(new Set(HEADINGS.slice(0, -1)));
    expect(sources).toEqual(expect.arrayContaining(["packages/hftp/README.md", "SECURITY.md", "wireshark/README.md"]));
    const protocols = all.filter(({ heading }) => heading === "Protocols").map(({ address }) => address);
    expect(protocols).toEqual(readdirSync(join(root, "packages")).map((name) => `docs/${name}`));
  });
});
