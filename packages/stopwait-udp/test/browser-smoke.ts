/** What test/core-in-browser.test.ts runs with the bundled core as `lab`: a client of v1 asks, a server of v1 opens. */
export const smoke = `
const platform = {
  randomBytes: (length) => new Uint8Array(length),
  sha256: () => ({ update() {}, copy() { return this; }, digest: () => new Uint8Array(32) }),
  hmacSha256: () => new Uint8Array(32),
  equalInConstantTime: () => false,
};
const at = { host: "127.0.0.1", port: 50001 };
const client = new lab.V1GetClient({ server: at, remoteName: "a.txt", localName: "b.txt", platform });
const [open] = client.handle(0, { type: "tick" });
if (open.type !== "open-part" || open.name !== "b.txt") throw new Error("the client says " + JSON.stringify(open));
const [ask] = client.handle(1, { type: "part-opened", id: open.id, length: 0 });
const server = new lab.StopwaitServer({ platform });
const [look] = server.handle(2, { type: "datagram", from: { host: "127.0.0.1", port: 5 }, bytes: ask.bytes });
if (look.type !== "open-source" || look.name !== "a.txt") throw new Error("the server says " + JSON.stringify(look));
`;
