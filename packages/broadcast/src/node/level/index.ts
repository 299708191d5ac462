/** The public API of `@lab/broadcast/level`: a durable log on LevelDB. */
export { type LevelLogOptions, levelLog } from "./level-log.js";
