/** The site of a small tree: what is in it, and that what is wrong is told. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildSite, pages } from "../scripts/site/build.js";
import { entryPoints } from "../scripts/site/entry-points.js";
import { deadPageLinks } from "../scripts/site/links.js";
import { scratchFolder } from "./scratch.js";

const root = join(import.meta.dirname, "..");

/** A tree with one package of two entry points, all of it documented; `files` replaces or adds. */
function tree(files: Readonly<Record<string, string>> = {}): string {
  return scratchFolder({
    "tsconfig.json": '{ "compilerOptions": { "module": "nodenext", "types": [] }, "include": ["packages/*/src"] }',
    "README.md": "# Small\n\nSee [the rules](docs/echo.md#rules), and the [package](packages/echo/README.md).\n",
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
    ["documents/Echo__what_it_does.html", "Echo: what it does"],
    ["documents/Package__lab_echo.html", "Package @lab/echo"],
    ["documents/One_example.html", "One example"],
  ] as const) {
    expect(contents).toContain(`<a href="${page}">${name}</a>`);
    expect(existsSync(join(site, page)), page).toBe(true);
  }
});

it("what is not documented and every link that leads nowhere is a fault of the site", async () => {
  const small = tree({
    "packages/echo/src/core/index.ts": "export class Echo {}\n\n/** {@link Nobody} */\nexport const one = 1;\n",
    "docs/echo.md": "# Echo: what it does\n\n[x](nowhere.md)\n",
  });
  const site = join(small, ".site");
  const faults = [...(await buildSite(small, site)), ...deadPageLinks(site)].join("\n");
  expect(faults).toMatch(/Echo.*does not have any documentation/);
  expect(faults).toContain("Nobody");
  expect(faults).toMatch(/^documents\/Echo__what_it_does.html: nowhere.md$/m);
  expect(faults).toMatch(/^index.html: documents\/Echo__what_it_does.html#rules$/m);
});

describe("here", () => {
  it("every entry point is one, and its source is there", () => {
    const points = entryPoints(root);
    expect(points.map(({ name }) => name)).toEqual(expect.arrayContaining(["@lab/framing", "@lab/simnet/fast-check"]));
    for (const { source } of points) expect(existsSync(join(root, source)), source).toBe(true);
  });

  it("the pages begin with what a newcomer wants, and each is there once", () => {
    const all = pages(root);
    expect(all.slice(0, 3)).toEqual(["docs/how-to-write-a-protocol.md", "docs/teachers.md", "docs/machine.md"]);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toContain("docs/hftp.md");
    expect(all).toContain("packages/hftp/README.md");
  });
});
