import { decode, RemoteProtocolError } from "../dist/broadcast.mjs";
import { refuses } from "./garbage.mjs";

const is = (error) => error instanceof RemoteProtocolError;
console.log(
  `broadcast: refused ${refuses((bytes) => decode(bytes, "client"), is)} of 20000 random messages, and nothing worse`,
);
