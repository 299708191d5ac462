/** What test/core-in-browser.test.ts runs with the bundled core as `lab`: a node alone elects itself. */
export const smoke = `
const platform = { randomBytes: (length) => new Uint8Array(length) };
const election = lab.createElection({ id: "a", address: "h:1", seeds: ["h:1"], platform });
const at = (mono) => ({ mono, wall: 1700000000000 + mono });
election.handle(at(0), { type: "start" });
const store = election.handle(at(4500), { type: "tick" }).find((output) => output.type === "store");
const outputs = election.handle(at(4501), { type: "stored", id: store.id });
if (!outputs.some((output) => output.type === "elected")) throw new Error("it says " + JSON.stringify(outputs));
if (!election.isLeader(at(4502)) || election.token(at(4502)).epoch !== 1) throw new Error("it does not lead");
`;
