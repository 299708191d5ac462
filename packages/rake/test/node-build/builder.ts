/** A client in a process of its own: `FOLDER RAKEFILE PORT`; with `hold` behind it, one that keeps what is shown. Says `shown` with the first output, `ended OUTCOME` and its peak memory. */
import { build } from "../../src/node/build.js";

const [folder = "", rakefile = "", port = "", hold = ""] = process.argv.slice(2);
const held: Uint8Array[] = [];
let hasShown = false;
const report = await build({
  folder,
  rakefile,
  hosts: [{ host: "127.0.0.1", port: Number(port) }],
  show: ({ bytes }) => {
    if (hold !== "") held.push(bytes);
    if (!hasShown) console.log("shown");
    hasShown = true;
  },
});
console.log(`ended ${report.result?.outcome} peak ${process.resourceUsage().maxRSS}`);
