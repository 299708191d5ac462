/** The end of the floor that sends, as a process: `ping-pong-sender.ts FILE` offers the bytes of a file, from memory. */
import { readFileSync } from "node:fs";
import { offer } from "./ping-pong.js";

const port = await offer(readFileSync(process.argv[2] as string));
console.log(`listening on 127.0.0.1:${port}`);
