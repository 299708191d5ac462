/** What test/core-in-browser.test.ts runs with the bundled core as `lab`: models of a link and of a connection, a capture. */
export const smoke = `
const link = new lab.LinkModel({ latencyMs: 50, bytesPerSecond: 1000 }, new lab.Random(7));
const [fate] = link.offer(0, new Uint8Array(100));
if (fate.type !== "arrives" || fate.at !== 150) throw new Error("the link says " + JSON.stringify(fate));
const [piece] = new lab.StreamModel({ latencyMs: 5 }, new lab.Random(7)).offer(0, new Uint8Array(3));
if (piece.at !== 5 || piece.bytes.length !== 3) throw new Error("the stream says " + JSON.stringify(piece));
const header = new lab.PcapngWriter().header();
if (header[0] !== 0x0a) throw new Error("no section header");
`;
