/** Options of a wrong kind, as plain JavaScript may give them, are refused before anything is opened. */
import { expect, it } from "vitest";
import { type JoinOptions, join, type ServeOptions, serve } from "../../src/index.js";

it.each([
  [{ handler: 5 }, "handler must be a function, not number"],
  [{ onNotice: {} }, "onNotice must be a function, not object"],
  [{ loadPosition: "at" }, "loadPosition must be a function, not string"],
  [{ savePosition: null }, "savePosition must be a function, not null"],
  [{ logger: {} }, "logger must have the methods debug, info, warn, error"],
  [{ name: undefined }, "name is missing: it must be 1 to 64 bytes of UTF-8; an observer alone needs none"],
])("join refuses %o", async (wrong, message) => {
  const options = { address: "127.0.0.1:1", name: "ada", ...wrong } as unknown as JoinOptions;
  await expect(join(options)).rejects.toThrow(new TypeError(message));
});

const NO_LOG = "log must be what memoryLog(), levelLog(), redisLog() or natsLog() returned";

it.each([
  [{ log: {} }, NO_LOG],
  [{ log: { kind: "durable" } }, NO_LOG],
  [{ log: null }, NO_LOG],
  [{ snapshot: {} }, "snapshot must be a function, not object"],
  [{ logger: null }, "logger must have the methods debug, info, warn, error"],
  [{ tls: true }, "tls must be { cert, key }, not boolean"],
])("serve refuses %o", async (wrong, message) => {
  await expect(serve(wrong as unknown as ServeOptions)).rejects.toThrow(new TypeError(message));
});

it("B6: a short secret that is a text is told in bytes of that text", async () => {
  const short = new RangeError("secret must have 16 bytes of UTF-8 or more, not 5");
  await expect(serve({ secret: "short" })).rejects.toThrow(short);
  await expect(join({ address: "127.0.0.1:1", name: "ada", secret: "short" })).rejects.toThrow(short);
});
