/** Where it is noted how to go on, and which notes are taken. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { get, put, serve } from "../../src/index.js";
import { defaultStateFolder, ResumeTicket } from "../../src/node/resume-ticket.js";

vi.mock("node:os", async (original) => ({ ...(await original<object>()), homedir: vi.fn() }));

function unknownUser(): never {
  throw new Error("uv_os_homedir returned ENOENT");
}

/** Sets the variables for this test. */
function withState(xdg: string, home: () => string): void {
  vi.stubEnv("XDG_STATE_HOME", xdg);
  vi.mocked(homedir).mockImplementation(home);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}

it.skipIf(process.platform === "win32")("S95: the state folder is absolute, or there is none", () => {
  const folders = [
    ["/state", () => "/h/u", "/state/stopwait-udp"],
    ["", () => "/h/u", "/h/u/.local/state/stopwait-udp"],
    ["relative", () => "/h/u", "/h/u/.local/state/stopwait-udp"],
    ["", () => "", undefined],
    ["", unknownUser, undefined],
  ] as const;
  for (const [xdg, home, expected] of folders) {
    withState(xdg, home);
    expect(defaultStateFolder()).toBe(expected);
  }
});

it.skipIf(process.platform === "win32")(
  "S95: a user without a home transfers all the same, without a note",
  async () => {
    withState("", unknownUser);
    const folder = scratchFolder();
    mkdirSync(join(folder, "served"));
    writeFileSync(join(folder, "served", "a"), "content");
    const { server, port } = await serve({ directory: join(folder, "served"), port: 0, writable: true });
    onTestFinished(() => server.close());
    const to = join(folder, "copy");
    expect((await get({ port, name: "a", to, resume: true })).bytes).toBe(7);
    expect((await put({ port, from: to, resume: true })).bytes).toBe(7);
    expect(readdirSync(folder).sort()).toEqual(["copy", "served"]);
  },
);

it("S95: a note that could not be sent is none", () => {
  const folder = scratchFolder();
  const ticket = new ResumeTicket(folder, ["get", "a"]);
  const key = "0123456789abcdef";
  const notes = [
    [
      { key, etag: "e" },
      { key, etag: "e" },
    ],
    [
      { key, etag: "" },
      { key, etag: undefined },
    ],
    [
      { key, etag: "é".repeat(65) },
      { key, etag: undefined },
    ],
    [
      { key, etag: 5 },
      { key, etag: undefined },
    ],
    [{ key: "../../etc", etag: "e" }, undefined],
    [null, undefined],
  ] as const;
  for (const [note, expected] of notes) {
    ticket.write({ key });
    const [file = ""] = readdirSync(folder);
    writeFileSync(join(folder, file), JSON.stringify(note));
    expect(ticket.read()).toEqual(expected);
  }
});
