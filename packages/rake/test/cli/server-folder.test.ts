/** What a server says whose port another one of the same machine has. */
import { expect, it, onTestFinished, vi } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { openServerFolder } from "../../src/node/state-folder.js";

it("R46: of two servers with one port the second one names the port, not its folder alone", async () => {
  const cache = scratchFolder({});
  vi.stubEnv("XDG_CACHE_HOME", cache);
  onTestFinished(() => void vi.unstubAllEnvs());
  const open = async (): ReturnType<typeof openServerFolder> => {
    if (process.getuid?.() === 0) vi.spyOn(process, "getuid").mockReturnValueOnce(1_000);
    return await openServerFolder(undefined, 6_241);
  };
  onTestFinished(() => void vi.restoreAllMocks());
  const first = await open();
  onTestFinished(() => first.close());
  await expect(open()).rejects.toThrow(
    `port 6241, whose folder is ${cache}/rake/serve-6241, is in use by another server, process ${process.pid}`,
  );
});
