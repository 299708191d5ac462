/** A process that runs what it is told to, and answers with what that came to. */
import { runTask, type Task } from "./seed-runs.js";

process.on("SIGINT", () => {}); // whoever started it decides
process.on("disconnect", () => process.exit());
process.on("message", (task: Task) => process.send?.(runTask(task)));
