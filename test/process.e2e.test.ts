/** The one way to start a process: what it promises about lines, ports and leaving nothing behind. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { type RunningProcess, run, start, startTypeScript } from "./process.js";
import { scratchFolder } from "./scratch.js";

const node = (script: string, ...args: string[]): RunningProcess => start(process.execPath, ["-e", script, ...args]);
/** Whether the process runs; one that ended and that init has not collected yet does not. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = `/proc/${pid}/status`;
  return !existsSync(status) || !/^State:\s+Z/m.test(readFileSync(status, "utf8"));
}
/** Resolves when the process is gone: nobody is told of a grandchild's end, so it is asked for. */
async function gone(pid: number): Promise<void> {
  while (alive(pid)) await delay(5);
}

/** A parent that starts a child which outlives it unless someone ends it, and prints the child's number. */
const parentOfChild = (stdio: "inherit" | "ignore", then: string): string => `
  const { spawn } = require("node:child_process");
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: ${JSON.stringify(stdio)} });
  console.log("child " + child.pid);
  ${then}`;

describe("line()", () => {
  it("finds a line that was printed before it was asked for, and one that comes later", async () => {
    await using program = node(`
      console.log("first"); console.log("second");
      process.stdin.on("end", () => setImmediate(() => console.log("third 3"))).resume();`);
    expect((await program.line(/^second$/))[0]).toBe("second");
    expect((await program.line(/^first$/))[0]).toBe("first");
    expect((await program.line(/^third (\d)$/))[1]).toBe("3");
  });

  it("finds a last line without a line end, strips CR, and joins characters that two chunks split", async () => {
    await using program = node(`
      const bytes = Buffer.from("caf\\u00e9\\r\\nlast");
      process.stdout.write(bytes.subarray(0, 4), () => process.stdout.write(bytes.subarray(4)));`);
    expect((await program.line(/^caf.$/))[0]).toBe("café");
    expect((await program.line(/^last$/))[0]).toBe("last");
    expect((await program.exited).stdout).toBe("café\r\nlast");
  });

  it("rejects with what the process said when it ends without such a line", async () => {
    await using program = node('console.error("no luck"); process.exit(3)');
    await expect(program.line(/^never$/)).rejects.toThrow(/ended \(3\) without a line matching \/\^never\$\/: no luck/);
  });

  it("rejects when the program does not exist", async () => {
    await using program = start("lab-no-such-program");
    await expect(program.line(/x/)).rejects.toThrow(/ENOENT/);
    await expect(program.exited).rejects.toThrow(/ENOENT/);
  });
});

it("port() reads the port of the first line of a server", async () => {
  await using program = node(`
    const server = require("node:net").createServer().listen(0, "127.0.0.1", () => {
      console.log("listening on 127.0.0.1:" + server.address().port); });`);
  expect(await program.port()).toBeGreaterThan(0);
});

it("run() hands over the input and gives both outputs and the code", async () => {
  const exit = await run(process.execPath, ["-e", "process.stdin.pipe(process.stdout); console.error('é')"], {
    input: new TextEncoder().encode("grüße"),
  });
  expect(exit).toEqual({ code: 0, signal: null, stdout: "grüße", stderr: "é\n" });
});

it("startTypeScript() runs a TypeScript file from any working directory, and from a path with spaces", async () => {
  const folder = scratchFolder({ "a b.ts": "const x: number = 42;\nconsole.log(x, process.argv[2]);" });
  const url = pathToFileURL(join(folder, "a b.ts"));
  await using program = startTypeScript(url, ["arg"], { cwd: folder });
  expect((await program.exited).stdout).toBe("42 arg\n");
});

describe("nothing is left behind", () => {
  it.each(["inherit", "ignore"] as const)("disposing ends the whole group (stdio %s)", async (stdio) => {
    let pid: number;
    {
      await using program = node(parentOfChild(stdio, "setInterval(() => {}, 1000);"));
      pid = Number((await program.line(/^child (\d+)$/))[1]);
      expect(alive(pid)).toBe(true);
    }
    await gone(pid);
  });

  it.each(["inherit", "ignore"] as const)("what a process leaves behind ends with it (stdio %s)", async (stdio) => {
    await using program = node(parentOfChild(stdio, "process.exit(0);"));
    const pid = Number((await program.line(/^child (\d+)$/))[1]);
    expect((await program.exited).code).toBe(0);
    await gone(pid);
  });

  it("signal() reaches the process alone, kill() the whole group", async () => {
    await using program = node(
      parentOfChild("inherit", 'process.on("SIGTERM", () => console.log("told")); console.log("ready");'),
    );
    const pid = Number((await program.line(/^child (\d+)$/))[1]);
    await program.line(/^ready$/);
    program.signal("SIGTERM");
    await program.line(/^told$/);
    expect(alive(pid)).toBe(true);
    program.kill();
    expect((await program.exited).signal).toBe("SIGKILL");
    await gone(pid);
    program.kill();
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP", "exit"])(
    "a parent that ends by %s takes its processes along",
    async (end) => {
      const folder = scratchFolder({
        "parent.ts": `
        import { start } from ${JSON.stringify(new URL("process.ts", import.meta.url).href)};
        const child = start(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
        console.log("child " + child.pid);
        process.stdin.on("end", () => { if (${end === "exit"}) process.exit(0); }).resume();`,
      });
      await using parent = startTypeScript(join(folder, "parent.ts"));
      const pid = Number((await parent.line(/^child (\d+)$/))[1]);
      if (end !== "exit") parent.signal(end as NodeJS.Signals);
      const { code, signal } = await parent.exited;
      expect(end === "exit" ? code : signal).toBe(end === "exit" ? 0 : end);
      await gone(pid);
    },
  );
});
