/** What test/core-in-browser.test.ts runs with the bundled core as `lab`: a client session talks to a server session. */
export const smoke = `
const server = new lab.ServerSession();
server.handle(0, { type: "connected" });
const request = lab.encodeRequest({ type: "get_metadata", name: "a.txt" });
const [ask] = server.handle(1, { type: "bytes", chunk: request });
if (ask.type !== "stat" || ask.name !== "a.txt") throw new Error("the server asks for " + JSON.stringify(ask));
const [reply] = server.handle(2, { type: "file", id: ask.id, file: { kind: "regular", size: 11 } });
const client = new lab.ClientSession({}, 0);
client.handle(1, { type: "connected" });
client.handle(1, { type: "request", id: 7, request: { type: "get_metadata", name: "a.txt" } });
const heard = client.handle(3, { type: "bytes", chunk: reply.bytes }).find((output) => output.type === "reply");
if (heard === undefined || heard.id !== 7 || heard.size !== 11) throw new Error("the client heard " + JSON.stringify(heard));
`;
