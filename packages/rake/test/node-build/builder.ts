/** A client in a process of its own: `FOLDER RAKEFILE PORT`. Says `shown` with the first output, `ended OUTCOME` and its peak memory. */
import { build } from "../../src/node/build.js";

const [folder = "", rakefile = "", port = ""] = process.argv.slice(2);
let hasShown = false;
const report = await build({
  folder,
  rakefile,
  hosts: [{ host: "127.0.0.1", port: Number(port) }],
  show: () => {
    if (!hasShown) console.log("shown");
    hasShown = true;
  },
});
console.log(`ended ${report.result?.outcome} peak ${process.resourceUsage().maxRSS}`);
