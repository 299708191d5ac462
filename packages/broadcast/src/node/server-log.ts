/** What a server writes to its logger. */
import type { ServerEvent } from "../core/server-contract.js";
import { LagLines } from "./lag-lines.js";
import type { Logger } from "./logger.js";

export class EventLog {
  readonly #logger: Logger;
  readonly #lagLines: LagLines;

  /** @param maxLagLines of `lagging` and `live` together, in a second. @param now milliseconds, monotonic */
  constructor(logger: Logger, maxLagLines: number, now: () => number) {
    this.#logger = logger;
    this.#lagLines = new LagLines(maxLagLines, now);
  }

  /** One line for each event that is not of every message. */
  log(event: ServerEvent): void {
    const { type, ...fields } = event;
    if (type === "committed" || type === "stable") return;
    const logger = this.#logger;
    const leftOut = this.#lagLines.takeLeftOut();
    if (leftOut > 0) logger.debug({ leftOut }, "more lagged and were live again than there are lines for");
    switch (type) {
      case "trouble":
        logger.error(fields, "a room is in trouble");
        return;
      case "gap":
        logger.warn(fields, "gap");
        return;
      case "joined":
      case "left":
      case "epoch":
        logger.info(fields, type);
        return;
      case "closed":
        logger.debug(fields, type);
        return;
      case "lagging":
      case "live":
        if (this.#lagLines.admit()) logger.debug(fields, type);
        return;
    }
  }
}
