import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { describeFailure, exitCodeOf } from "../../src/cli/exit-codes.js";
import { readSecret } from "../../src/cli/secret-file.js";
import { createElector } from "../../src/node/elector.js";
import { ElectorError, QueryError, StorageError } from "../../src/node/errors.js";

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const taken = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" });

describe("how the command ends", () => {
  it.each<readonly [title: string, error: unknown, code: number, line: RegExp]>([
    [
      "an option of the library, in the words of the command",
      thrownBy(() => createElector({ listen: "0.0.0.0:0" })),
      2,
      /^election: --listen is 0\.0\.0\.0:0, .*: --address must say what others dial\n$/,
    ],
    [
      "no secret",
      thrownBy(() => createElector({ listen: "192.0.2.1:1" })),
      2,
      /: it needs --secret-file FILE, or whoever connects can lead\n$/,
    ],
    [
      "an error of Node",
      Object.assign(new TypeError("no URL"), { code: "ERR_INVALID_URL" }),
      1,
      /^election: no URL\n$/,
    ],
    ["no leader", new QueryError("NO_LEADER", "h:1 knows no leader"), 3, /^election: h:1 knows no leader\n$/],
    [
      "a port that is taken",
      new ElectorError("LISTEN", "cannot listen", { cause: taken }),
      1,
      /^election: cannot listen; --listen HOST:0 takes a free port\n$/,
    ],
    [
      "the same of the dashboard",
      new ElectorError("LISTEN", "the dashboard cannot listen", { cause: taken }),
      1,
      /^election: the dashboard cannot listen; --ui 0 takes a free port\n$/,
    ],
    ["state that is damaged", new StorageError("DAMAGED", "start it with rejoin"), 1, /start it with --rejoin\n$/],
    [
      "a folder that cannot be made",
      new StorageError("FAILED", "x cannot be used", { cause: new StorageError("FOLDER", "the folder") }),
      1,
      /^election: x cannot be used; --state names another folder\n$/,
    ],
    ["words of a peer", new QueryError("CLOSED", "\x1b[2J"), 1, /^election: \\x1b\[2J; --cluster and --secret-file/],
    ["something else", "thrown", 1, /^election: thrown\n$/],
  ])("%s", (_title, error, code, line) => {
    expect([exitCodeOf(error), describeFailure(error)]).toEqual([code, expect.stringMatching(line)]);
  });
});

describe("a secret", () => {
  it("is the content of a file without its line end, 16 bytes or more", () => {
    const folder = scratchFolder();
    const path = join(folder, "secret");
    writeFileSync(path, "sixteen bytes...\r\n", { mode: 0o600 });
    expect(new TextDecoder().decode(readSecret(path))).toBe("sixteen bytes...");
    writeFileSync(path, "short\n", { mode: 0o600 });
    const error = thrownBy(() => readSecret(path));
    expect([exitCodeOf(error), describeFailure(error)]).toEqual([
      2,
      expect.stringMatching(/has 5 bytes, but must have 16/),
    ]);
    expect(readSecret(undefined)).toBe(undefined);
  });
});
