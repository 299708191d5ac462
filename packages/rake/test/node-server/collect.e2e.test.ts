/** What counts as an output of an action (R25), and what the store does with its files (R46). */
import { appendFileSync, chmodSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Store } from "../../src/node/store.js";
import { ActionRig, digestOfText } from "./action-rig.js";

const paths = (outputs: readonly { readonly path: string }[]): string[] => outputs.map(({ path }) => path);

it("R25: what is new, changed by content or by mode, in sub-folders too; never an input that is as it was", async () => {
  const rig = await ActionRig.make("rlimit");
  const files = { same: "same", touched: "touched", written: "old", mode: "mode", rewritten: "equal", "d/in": "in" };
  const command = [
    "touch touched",
    "printf new >written",
    "chmod 755 mode",
    "printf equal >rewritten",
    "mkdir -p d/e && printf made >d/e/new",
    "printf x >'with blank'",
    "mkfifo pipe",
    "mkdir empty",
  ].join("; ");
  const run = await rig.start(command, files);
  await run.ended();
  const outputs = await run.outputs();
  expect(outputs).toEqual([
    { path: "d/e/new", mode: 0o644, size: 4, digest: digestOfText("made") },
    { path: "mode", mode: 0o755, size: 4, digest: digestOfText("mode") },
    { path: "with blank", mode: 0o644, size: 1, digest: digestOfText("x") },
    { path: "written", mode: 0o644, size: 3, digest: digestOfText("new") },
  ]);
  expect(await run.output(0, 4)).toBe("made");
});

it("R25: a change that puts size and modification time back is found all the same", async () => {
  const rig = await ActionRig.make("rlimit");
  const run = await rig.start("cp -p input old; sleep 0.02; printf abd >input; touch -r old input; rm old", {
    input: "abc",
  });
  await run.ended();
  expect(paths(await run.outputs())).toEqual(["input"]);
});

it("R25: a link is an output where it leads to a regular file within the folder, as that file; else it is left out", async () => {
  const rig = await ActionRig.make("rlimit");
  const command =
    "printf made >made; ln -s made good; ln -s /etc/passwd out; ln -s nowhere broken; mkdir d; ln -s d folder; ln -s ../.. up; ln -s good chain";
  const run = await rig.start(command);
  await run.ended();
  const outputs = await run.outputs();
  expect(paths(outputs)).toEqual(["chain", "good", "made"]);
  expect(new Set(outputs.map(({ digest }) => digest))).toEqual(new Set([digestOfText("made")]));
});

it("R25: patterns choose; one that nothing matches, and more than is allowed, is LIMITED", async () => {
  const rig = await ActionRig.make("rlimit");
  const make = "mkdir o; for i in 1 2 3; do echo $i >o/$i.o; echo >$i.tmp; done";
  const run = await rig.start(make);
  await run.ended();
  expect(paths(await run.outputs(["o/*.o"]))).toEqual(["o/1.o", "o/2.o", "o/3.o"]);
  const none = await rig.start(make);
  await none.ended();
  await expect(none.outputs(["o/*.o", "*.exe"])).rejects.toThrow("limited: the action made nothing that *.exe means");
  const many = await rig.start(make, {}, { limits: { outputs: 5 } });
  await many.ended();
  await expect(many.outputs()).rejects.toThrow("limited: there are more than 5 outputs");
  const large = await rig.start("head -c 5000 /dev/zero >large", {}, { limits: { outputBytes: 4_999 } });
  await large.ended();
  await expect(large.outputs()).rejects.toThrow("limited: the outputs have more than 4999 bytes");
});

it("R9, R25: for v1 the one that was written last; a name that cannot be sent is an error, not left out", async () => {
  const rig = await ActionRig.make("rlimit");
  const newest = await rig.start("echo 1 >b; sleep 0.02; echo 2 >a; sleep 0.02; echo 3 >c; touch -d 2001-01-01 in", {
    in: "in",
  });
  await newest.ended();
  expect(paths(await newest.outputs([], true))).toEqual(["c"]);
  for (const name of ["bad\\377name", "back\\\\slash"]) {
    const odd = await rig.start(`touch "$(printf '${name}')"`);
    await odd.ended();
    await expect(odd.outputs()).rejects.toThrow("the action made a file whose name");
  }
});

it("R25: files and folders that the action has closed to itself are outputs too", async () => {
  const rig = await ActionRig.make("rlimit");
  const run = await rig.start("mkdir d; printf x >d/x; printf y >y; chmod 0 y; chmod 0 d");
  await run.ended();
  expect((await run.outputs()).map(({ path, mode }) => [path, mode])).toEqual([
    ["d/x", 0o644],
    ["y", 0],
  ]);
});

it("R21, R46: only what has its digest and size comes into the store; nothing else is left of it", async () => {
  const rig = await ActionRig.make("rlimit");
  const upload = async (number: number, size: number, digest: string): Promise<string> => {
    rig.uploads.open(number, size, digest);
    rig.uploads.write(number, new TextEncoder().encode("abc"));
    rig.uploads.end(number);
    const told = await Promise.race([
      rig.hear("uploaded", (one) => one.upload === number),
      rig.hear("uploadFailed", (one) => one.upload === number),
    ]);
    return told.type === "uploaded" ? told.digest : told.message;
  };
  expect(await upload(901, 3, digestOfText("abc"))).toBe(digestOfText("abc"));
  expect(await upload(902, 3, digestOfText("other"))).toBe(digestOfText("abc"));
  expect(await upload(903, 4, digestOfText("abc"))).toBe("3 bytes came where 4 were announced");
  expect(readdirSync(rig.folder.store)).toEqual([`${digestOfText("abc")}.3`]);
  await rig.uploads.close();
  expect(readdirSync(rig.folder.uploads)).toEqual([]);
});

it("R46: at a start the store has what it was left with, the least recently used first, and drops what was changed", async () => {
  const rig = await ActionRig.make("rlimit");
  const names: string[] = [];
  for (const text of ["one", "two", "cut", "longer", "same size"]) names.push(`${await rig.put(text)}.${text.length}`);
  const path = (index: number): string => `${rig.folder.store}/${names[index]}`;
  utimesSync(path(1), 5, 1_000_000_000);
  for (const index of [2, 3, 4]) chmodSync(path(index), 0o600);
  writeFileSync(path(2), "c");
  appendFileSync(path(3), "!");
  writeFileSync(path(4), "as large.");
  writeFileSync(`${rig.folder.store}/other`, "none of ours");
  const found = new Store(rig.folder.store).load();
  expect(found.map(({ size }) => size)).toEqual([3, 3]);
  expect(found[0]?.digest).toBe(digestOfText("two"));
  expect(readdirSync(rig.folder.store).sort()).toEqual([names[0], names[1]].sort());
  expect(readFileSync(path(0), "utf8")).toBe("one");
});
