import { chmodSync, closeSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ServedDirectory } from "../../src/node/served-directory.js";
import { temporaryDirectory } from "../temporary.js";

/** A served directory with a file behind a directory and a link, and a file outside. */
function laidOut(): { readonly root: string; readonly outside: string } {
  const base = temporaryDirectory();
  const [root, outside] = [join(base, "served"), join(base, "outside")];
  mkdirSync(join(root, "sub"), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(root, "sub", "f"), "inside");
  writeFileSync(join(outside, "f"), "outside!");
  symlinkSync("sub/f", join(root, "link"));
  symlinkSync("../outside/f", join(root, "out"));
  return { root, outside };
}

/** Without root's rights for as long as the test runs: permissions mean nothing to root. */
function unprivileged(): void {
  if (process.geteuid?.() !== 0) return;
  process.seteuid?.(65_534);
  onTestFinished(() => process.seteuid?.(0));
}

describe("H15: links", () => {
  it("one that leads to a file inside is that file", () => {
    const directory = new ServedDirectory(laidOut().root);
    const { file, descriptor } = directory.open("link");
    if (descriptor !== undefined) closeSync(descriptor);
    expect([file, directory.stat("link")]).toEqual([
      { kind: "regular", size: 6 },
      { kind: "regular", size: 6 },
    ]);
    expect([directory.open("out").file, directory.stat("out")]).toEqual([{ kind: "outside" }, { kind: "outside" }]);
  });

  it.each(["open", "stat"] as const)("a way that is swapped after it was looked at leads nowhere: %s", (call) => {
    const { root, outside } = laidOut();
    let looked = 0;
    class Raced extends ServedDirectory {
      protected override contains(inside: string, path: string): boolean {
        const answer = super.contains(inside, path);
        if (looked++ === 0) {
          renameSync(join(root, "sub"), join(root, "gone"));
          symlinkSync(outside, join(root, "sub"));
        }
        return answer;
      }
    }
    const raced = new Raced(root);
    expect(call === "open" ? raced.open("link") : { file: raced.stat("link") }).toEqual({ file: { kind: "outside" } });
    expect(looked).toBe(2);
  });
});

describe("H15: what may not be read", () => {
  it("a file is a failure; a directory is no file; a way out that may not be followed is outside", () => {
    const { root, outside } = laidOut();
    writeFileSync(join(root, "secret"), "x");
    mkdirSync(join(root, "closed"));
    symlinkSync("closed", join(root, "to-closed"));
    for (const path of ["secret", "closed"]) chmodSync(join(root, path), 0);
    chmodSync(outside, 0o700);
    chmodSync(join(root, ".."), 0o755);
    chmodSync(root, 0o755);
    const directory = new ServedDirectory(root);
    unprivileged();
    expect(directory.open("secret").file).toMatchObject({ kind: "failed", why: expect.stringMatching(/EACCES/) });
    expect(directory.stat("secret")).toEqual({ kind: "regular", size: 1 });
    for (const name of ["closed", "to-closed"]) {
      expect([directory.open(name).file, directory.stat(name)]).toEqual([
        { kind: "not-regular" },
        { kind: "not-regular" },
      ]);
    }
  });

  it("a root that is a file, or gone, is no directory", () => {
    const { root } = laidOut();
    const file = new ServedDirectory(join(root, "sub", "f"));
    rmSync(join(root, "link"));
    expect([file.stat("x").kind, file.open("x").file.kind]).toEqual(["no-directory", "no-directory"]);
  });
});
