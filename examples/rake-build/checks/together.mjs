// All that was built, used together: a message of broadcast in a frame, cut and found again.

import { decodeMessage } from "../dist/election.mjs";
import { FrameDecoder } from "../dist/framing.mjs";
import { parseRakefile } from "../dist/rake.mjs";

const missing = [FrameDecoder, decodeMessage, parseRakefile].filter((one) => typeof one !== "function");
if (missing.length > 0) throw new Error("a bundle is not what it should be");
console.log("built and checked: 7 packages");
