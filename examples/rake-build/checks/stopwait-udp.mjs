import { decodeV1Packet, RemoteProtocolError } from "../dist/stopwait-udp.mjs";
import { refuses } from "./garbage.mjs";

const is = (error) => error instanceof RemoteProtocolError;
console.log(`stopwait-udp: refused ${refuses(decodeV1Packet, is)} of 20000 random packets, and nothing worse`);
