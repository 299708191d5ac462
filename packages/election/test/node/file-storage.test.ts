/** What a node promised is in the file whole, or not at all. */
import { EventEmitter, once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { createElector, fileStorage, memoryStorage, storagePath } from "../../src/index.js";
import type { Disk } from "../../src/node/file-storage.js";

const first = { epoch: 3, holder: "b", id: "a" };
const second = { epoch: 4, holder: "ü\n\u0000", id: "a" };

it("E17: gives back what was stored last, across restarts, and leaves nothing else there", async () => {
  const path = join(scratchFolder(), "deep", "er", "a.json");
  const storage = fileStorage(path);
  expect(await storage.load()).toBeUndefined();
  await storage.store(first);
  await storage.store(second);
  expect(readdirSync(dirname(path)).sort()).toEqual(["a.json", "a.json.lock"]);
  await storage.close?.();
  expect(readdirSync(dirname(path))).toEqual(["a.json"]);
  expect(await fileStorage(path).load()).toEqual(second);
  if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
});

/** Does what it is told to and writes down in which order; fails at the given step. */
function watched(steps: string[], failAt?: string): Disk {
  const step = async (text: string, act: () => Promise<void>): Promise<void> => {
    const name = text.replaceAll(/\.[0-9a-f]{12}\.new/g, ".new"); // which is another one in each run
    steps.push(name);
    if (name === failAt) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    await act();
  };
  return {
    writeSynced: (path, text) =>
      step(text === "" ? "probe" : `sync ${basename(path)}`, async () => {
        await writeFile(path, text);
      }),
    rename: (from, to) => step(`rename ${basename(from)} ${basename(to)}`, async () => await rename(from, to)),
    syncFolder: (path) => step(`sync folder ${basename(path)}`, async () => {}),
  };
}

it("E17: syncs the new file, then renames it, then syncs its folder, and those that had to be made", async () => {
  const folder = scratchFolder();
  const steps: string[] = [];
  const storage = fileStorage(join(folder, "x", "y", "a.json"), watched(steps));
  await storage.load();
  expect(steps.splice(0)).toEqual(["sync folder x", `sync folder ${basename(folder)}`, "probe"]);
  await storage.store(first);
  expect(steps).toEqual(["sync a.json.new", "rename a.json.new a.json", "sync folder y"]);
});

it.each(["sync a.json.new", "rename a.json.new a.json"])(
  "E18: keeps the old one where it fails to %s",
  async (failAt) => {
    const path = join(scratchFolder(), "a.json");
    const good = fileStorage(path);
    await good.load();
    await good.store(first);
    await good.close?.();
    const storage = fileStorage(path, watched([], failAt));
    expect(await storage.load()).toEqual(first);
    await expect(storage.store(second)).rejects.toMatchObject({
      code: "FAILED",
      message: expect.stringContaining(`${path} cannot be written: no space left`),
    });
    await storage.close?.();
    expect(readdirSync(dirname(path))).toEqual(["a.json"]);
    expect(await fileStorage(path).load()).toEqual(first);
  },
);

it("E18: does not tell that it is stored before the folder is synced", async () => {
  const path = join(scratchFolder(), "a.json");
  const storage = fileStorage(path, watched([], `sync folder ${basename(dirname(path))}`));
  await storage.load();
  await expect(storage.store(first)).rejects.toMatchObject({ code: "FAILED" });
});

it.each([
  ["nothing", ""],
  ["half of it", '{"epoch":3,"hol'],
  ["zeros", "\u0000".repeat(40)],
  ["another object", '{"epoch":3}'],
  ["one key too many", '{"epoch":3,"holder":"b","id":"a","x":1}'],
  ["an epoch that is none", '{"epoch":-1,"holder":"b","id":"a"}'],
  ["an epoch that is text", '{"epoch":"3","holder":"b","id":"a"}'],
  ["null", "null"],
  ["too much", `{"epoch":3,"holder":"b","id":"${"a".repeat(5_000)}"}`],
])("E20: refuses a file with %s, says which one and what to do, and leaves it there", async (_, text) => {
  const path = join(scratchFolder({ "a.json": text }), "a.json");
  const storage = fileStorage(path);
  const refused = storage.load();
  await expect(refused).rejects.toMatchObject({ name: "StorageError", code: "DAMAGED" });
  await expect(refused).rejects.toThrow(`${path} cannot be used: it is not what a node stored`);
  await expect(refused).rejects.toThrow(/move the file away, and start a voting member with rejoin/);
  expect(readFileSync(path, "utf8")).toBe(text);
  expect(readdirSync(dirname(path))).toEqual(["a.json"]);
});

it("removes what a killed process left half written", async () => {
  const folder = scratchFolder({ "a.json.new": "half", "a.json.0123.new": "half", "a.json.old": "", "b.json.new": "" });
  const storage = fileStorage(join(folder, "a.json"));
  expect(await storage.load()).toBeUndefined();
  await storage.close?.();
  expect(readdirSync(folder).sort()).toEqual(["a.json.old", "b.json.new"]);
});

it("refuses a store before load and after close, and a second load", async () => {
  const path = join(scratchFolder(), "a.json");
  const storage = fileStorage(path);
  await expect(storage.store(first)).rejects.toThrow(`${path} cannot be written: it is not in use`);
  await storage.load();
  await expect(storage.load()).rejects.toMatchObject({ code: "IN_USE" });
  await storage.store(first);
  const closed = storage.close?.();
  await expect(storage.store(second)).rejects.toMatchObject({ code: "FAILED" });
  await closed;
  expect(readdirSync(dirname(path))).toEqual(["a.json"]);
  expect(await storage.load()).toEqual(first);
  await storage.close?.();
});

it("E18: lets nobody in before what is being stored at close is stored", async () => {
  const path = join(scratchFolder(), "a.json");
  const gate = new EventEmitter();
  const begun = once(gate, "begun");
  const disk = watched([]);
  const slow: Disk = {
    ...disk,
    async writeSynced(fresh, text) {
      if (text !== "") {
        gate.emit("begun");
        await once(gate, "go on");
      }
      await disk.writeSynced(fresh, text);
    },
  };
  const one = fileStorage(path, slow);
  await one.load();
  const stored = one.store(first);
  await begun;
  const closed = one.close?.();
  await expect(fileStorage(path).load()).rejects.toMatchObject({ code: "IN_USE" });
  gate.emit("go on");
  await Promise.all([stored, closed]);
  const two = fileStorage(path);
  expect(await two.load()).toEqual(first);
  await two.close?.();
});

it.runIf(process.platform !== "win32")("E20: a link to a file that is not there is no empty storage", async () => {
  const folder = scratchFolder();
  const [volume, path] = [join(folder, "volume"), join(folder, "state", "a.json")];
  mkdirSync(volume);
  mkdirSync(dirname(path));
  symlinkSync(join(volume, "real.json"), path);
  await expect(fileStorage(path).load()).rejects.toMatchObject({
    code: "FAILED",
    message: `${path} cannot be used: it is a link to a file that is not there: is its volume mounted?`,
  });
  expect(readdirSync(dirname(path))).toEqual(["a.json"]);
  await writeFile(join(volume, "real.json"), JSON.stringify(first));
  const storage = fileStorage(path);
  expect(await storage.load()).toEqual(first);
  await expect(fileStorage(join(volume, "real.json")).load()).rejects.toMatchObject({ code: "IN_USE" });
  await storage.store(second);
  await storage.close?.();
  expect(JSON.parse(readFileSync(join(volume, "real.json"), "utf8"))).toEqual(second); // and the link is still one
  expect(readdirSync(volume)).toEqual(["real.json"]);
  rmSync(path);
  symlinkSync(volume, path);
  await expect(fileStorage(path).load()).rejects.toThrow(/a\.json cannot be used: it is no file/);
});

it("says that its folder is gone, makes no other, and goes on once it is back", async () => {
  const path = join(scratchFolder(), "state", "a.json");
  const storage = fileStorage(path);
  await storage.load();
  await storage.store(first);
  renameSync(dirname(path), `${dirname(path)}.away`);
  await expect(storage.store(second)).rejects.toThrow(
    /a\.json cannot be written: .*a\.json\.lock is not there any more: its folder was removed, moved or unmounted/,
  );
  expect(existsSync(dirname(path))).toBe(false);
  renameSync(`${dirname(path)}.away`, dirname(path));
  await storage.store(second);
  await storage.close?.();
});

it("says at once where the folder cannot be written to", async () => {
  const folder = scratchFolder({ file: "" });
  await expect(fileStorage(join(folder, "file", "a.json")).load()).rejects.toMatchObject({ code: "FOLDER" });
  const storage = fileStorage(join(folder, "a.json"), watched([], "probe"));
  await expect(storage.load()).rejects.toThrow(/a\.json cannot be used: no space left/);
  expect(existsSync(join(folder, "a.json.lock"))).toBe(false);
});

it("E20: a member of quorum mode does not start without a storage that it can use", async () => {
  const folder = scratchFolder({ "a.json": "?" });
  const elector = createElector({
    mode: "quorum",
    id: "a",
    members: [{ id: "a", address: "127.0.0.1:7001" }],
    listen: "127.0.0.1:0",
    storage: fileStorage(join(folder, "a.json")),
  });
  await expect(elector.start()).rejects.toMatchObject({ code: "DAMAGED" });
  await elector.stop();
});

it("refuses what another node stored", async () => {
  const storage = memoryStorage();
  await storage.store({ epoch: 1, holder: "b", id: "b" });
  const elector = createElector({ id: "a", storage });
  await expect(elector.start()).rejects.toMatchObject({
    code: "FOREIGN",
    message: "what is stored was stored by b, but this node's id is a",
  });
  await elector.stop();
});

it("gives no id a file outside of its folder, and different ids different files", () => {
  const ids = [
    "..",
    ".",
    "../../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "C:",
    "a%2Fb",
    "ü",
    "\u0000",
    "a",
    "%61",
    "a.b",
    "-",
  ];
  const paths = ids.map((id) => storagePath("lab", id, "state"));
  for (const path of paths) expect(relative(resolve("state", "lab"), resolve(path))).toMatch(/^[\w%-]+\.json$/);
  expect(new Set(paths).size).toBe(ids.length);
  expect(storagePath("..", "a")).toBe(join(".election", "%2E%2E", "a.json"));
  expect(basename(storagePath("lab", "\u{1F600}".repeat(16))).length).toBeLessThan(256);
});
