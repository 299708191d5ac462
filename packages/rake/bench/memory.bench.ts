/** How large a server grows that is sent a GiB and sends one back. */
import type { Row } from "../../../bench/row.js";
import { byBuffering, byStreaming } from "./remote/large-file.js";

export const rows: readonly Row[] = [
  {
    what: "rake: peak memory of the server, 1 GiB in and 1 GiB out, next to one that buffers",
    floor: byBuffering(),
    ours: byStreaming(),
    unit: "MiB",
    barOn: "value",
    bar: 150,
    direction: "at most",
  },
];
