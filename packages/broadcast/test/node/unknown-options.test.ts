/** Options that do not exist: nobody else would say that one is misspelt. */
import { expect, it } from "vitest";
import { type JoinOptions, join, type ServeOptions, serve } from "../../src/index.js";

const unknown = <Options>(options: object): Options => options as Options;

it("join refuses an option that does not exist, and names the one that it resembles most", async () => {
  const options = { address: "127.0.0.1:1", name: "a" };
  for (const [wrong, meant] of [
    ["windows", "window"],
    ["onNotices", "onNotice"],
    ["maxQueueBytes", "maxQueuedBytes"],
  ] as const) {
    const joined = join(unknown<JoinOptions>({ ...options, [wrong]: 1 }));
    await expect(joined, wrong).rejects.toThrow(new TypeError(`there is no option "${wrong}"; did you mean ${meant}?`));
  }
  const joined = join(unknown<JoinOptions>({ ...options, tls: { CA: "" } }));
  await expect(joined).rejects.toThrow(new TypeError('there is no option "CA"; did you mean ca?'));
});

it("serve refuses one as well", async () => {
  await expect(serve(unknown<ServeOptions>({ historyMessage: 1 }))).rejects.toThrow(
    new TypeError('there is no option "historyMessage"; did you mean historyMessages?'),
  );
  await expect(serve(unknown<ServeOptions>({ tls: { cert: "", keys: "" } }))).rejects.toThrow(
    new TypeError('there is no option "keys"; did you mean key?'),
  );
  await (await serve({ graceMs: 1 })).close();
});
