/** The chapters of `pnpm demo`: each shows an example on real input. */
import { run as campus } from "../examples/campus/demo.js";
import { run as chat } from "../examples/chat/demo.js";
import { run as cluster } from "../examples/cluster/demo.js";
import { run as fileDrop } from "../examples/file-drop/demo.js";
import { run as hftpServer } from "../examples/hftp-server/demo.js";
import { run as logCollector } from "../examples/log-collector/demo.js";
import { run as rakeBuild } from "../examples/rake-build/demo.js";
import type { Chapter } from "./tour.js";

export const CHAPTERS: readonly (Chapter & {
  /** Its folder in examples/. */
  readonly example: string;
})[] = [
  {
    title: "Framing: records out of a stream that was cut into crumbs, and strangers who hurt nobody",
    example: "log-collector",
    proves: ["framing"],
    run: logCollector,
  },
  {
    title: "HFTP: a real file from a real server, in parallel slices, verified",
    example: "hftp-server",
    proves: ["hftp"],
    run: hftpServer,
  },
  {
    title: "UDP: a file through a network that loses, doubles, reorders and damages packets",
    example: "file-drop",
    proves: ["stopwait-udp", "simnet"],
    run: fileDrop,
  },
  {
    title: "Election: five processes elect a leader, it is killed, another leads",
    example: "cluster",
    proves: ["election"],
    run: cluster,
  },
  {
    title: "Broadcast: a chat of five, one cut off, one slow, the server killed and restarted",
    example: "chat",
    proves: ["broadcast"],
    run: chat,
  },
  {
    title: "Rake: two real builds over three servers, one of them killed in the middle",
    example: "rake-build",
    proves: ["rake"],
    run: rakeBuild,
  },
  {
    title: "The campus: all of them at once, and whoever leads is killed in the middle of a build",
    example: "campus",
    proves: ["campus"],
    run: campus,
  },
];
