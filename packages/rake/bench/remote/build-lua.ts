/** Lua built from nothing: 33 objects, an archive, a program; seconds. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Contender, wallSeconds } from "../../../../bench/row.js";
import { type Sandbox, startServer, stopServer } from "./building.js";
import { rakeCommand } from "./command.js";
import { Distccd, distccEnv } from "./distcc.js";
import { newFolder, removeFolder } from "./folders.js";
import { Icecc } from "./icecc.js";
import { copyLua } from "./lua-source.js";
import { runHere } from "./programs.js";

const flags = (smoke: boolean): string =>
  `-std=gnu99 ${smoke ? "-O0" : "-O2"} -Wall -Wextra -DLUA_COMPAT_5_3 -DLUA_USE_POSIX`;
const LINK = "-Wl,-E -lm";

/** Builds in a folder with the sources alone; answers with the seconds that it took. */
type BuildIn = (source: string, smoke: boolean) => Promise<number>;

interface Rest extends Pick<Contender, "prepare" | "close"> {
  /** The program that it makes does the same, but is not the same byte for byte. */
  readonly differs?: true;
}

function building(build: BuildIn, rest: Rest = {}): Contender {
  const folder = newFolder();
  const source = join(folder, "src");
  return {
    prepare: async () => {
      copyLua(source);
      await rest.prepare?.();
    },
    // The program that is made, byte for byte.
    output: async () => {
      await build(clean(source), true);
      const said = spawnSync(join(source, "lua"), ["-e", "print(_VERSION, 2^10)"], { encoding: "utf8" });
      if (said.stdout !== "Lua 5.4\t1024.0\n")
        throw new Error(`the lua that was made says ${said.stdout}${said.stderr}`);
      if (rest.differs) return undefined;
      return createHash("sha256")
        .update(readFileSync(join(source, "lua")))
        .digest("hex");
    },
    measure: (smoke) => build(clean(source), smoke),
    close: async () => {
      await rest.close?.();
      removeFolder(folder);
    },
  };
}

function clean(source: string): string {
  for (const name of readdirSync(source)) {
    if (/\.[oa]$|^luac?$|^Rakefile$|^\.rake$/.test(name)) rmSync(join(source, name), { recursive: true });
  }
  return source;
}

/** Lua's own Makefile, two jobs at a time, or as many as a distributing compiler is to be given. */
async function makeLua(source: string, smoke: boolean, by: MadeBy): Promise<number> {
  const settings = [`CC=${by.compiler}`, `CFLAGS=${flags(smoke)}`, "AR=ar rc", `LIBS=${LINK}`];
  const [command, ...words] = [...(by.enter ?? []), "make", "-s", `-j${by.jobs}`, ...settings, "lua"] as const;
  return await wallSeconds(() => runHere(command, words, { cwd: source, env: by.env ?? {} }));
}

interface MadeBy {
  readonly compiler: string;
  readonly jobs: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What make is put behind. */
  readonly enter?: readonly string[];
}

export const byMake = (): Contender =>
  building((source, smoke) => makeLua(source, smoke, { compiler: "gcc", jobs: 2 }));

/** Two daemons of one job each; of make's four jobs two preprocess meanwhile. */
export function byDistcc(): Contender {
  const daemons = [new Distccd(1), new Distccd(1)];
  const folder = newFolder();
  const env = (): Record<string, string> => distccEnv(daemons, folder);
  return building((source, smoke) => makeLua(source, smoke, { compiler: "distcc gcc", jobs: 4, env: env() }), {
    differs: true,
    prepare: async () => {
      for (const daemon of daemons) await daemon.prepare();
    },
    close: async () => {
      for (const daemon of daemons) await daemon.close();
      removeFolder(folder);
    },
  });
}

/** One worker of two jobs; of make's four two preprocess meanwhile. What links is no job for it, and runs here. */
export function byIcecc(): Contender {
  const icecc = new Icecc();
  const { enter, env } = icecc;
  return building((source, smoke) => makeLua(source, smoke, { compiler: "icecc gcc", jobs: 4, env, enter }), {
    differs: true,
    prepare: () => icecc.prepare(),
    close: () => icecc.close(),
  });
}

/** Two servers of one slot each that have just started, so that all inputs are sent, and a client that has learned nothing. */
export function byRake(sandbox: Sandbox): Contender {
  return building(async (source, smoke) => {
    const servers = [1, 2].map(() => startServer(sandbox, ["--slots", "1"]));
    try {
      const ports = await Promise.all(servers.map((server) => server.port()));
      writeFileSync(join(source, "Rakefile"), rakefile(source, ports, smoke));
      return await wallSeconds(() => runHere(process.execPath, [rakeCommand()], { cwd: source }));
    } finally {
      for (const server of servers) await stopServer(server);
    }
  });
}

/** The objects in the order of the Makefile: the linker keeps it. */
function objectsOf(source: string): readonly string[] {
  const makefile = readFileSync(join(source, "Makefile"), "utf8");
  const listed = ["CORE_O", "LIB_O"].map((name) => new RegExp(`^${name}=(.*)$`, "m").exec(makefile)?.[1] ?? "");
  return listed.join(" ").trim().split(/\s+/);
}

function rakefile(source: string, ports: readonly number[], smoke: boolean): string {
  const objects = objectsOf(source);
  const compile = [...objects, "lua.o"].flatMap((object) => {
    const name = object.replace(".o", ".c");
    return [
      `\tremote-gcc ${flags(smoke)} -c -o ${object} ${name}`,
      `\t\trequires ${name} ${headersOf(source, name).join(" ")}`,
      `\t\tproduces ${object}`,
    ];
  });
  const link = `ar rc liblua.a ${objects.join(" ")} && ranlib liblua.a && gcc -o lua lua.o liblua.a ${LINK}`;
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(" ");
  return [`HOSTS = ${hosts}`, "actionset1:", ...compile, "actionset2:", `\t${link}`, ""].join("\n");
}

const headers = new Map<string, readonly string[]>();

/** What a source includes of its own folder. */
function headersOf(source: string, name: string): readonly string[] {
  let found = headers.get(name);
  if (found === undefined) {
    const { stdout } = spawnSync("gcc", ["-MM", name], { cwd: source, encoding: "utf8" });
    found = stdout.split(/[\s\\]+/).filter((word) => word.endsWith(".h"));
    headers.set(name, found);
  }
  return found;
}
