/** The model of a shared log keeps what is asked of the engines. */
import { it } from "vitest";
import { type EngineLimits, sharedLogSuite } from "./shared-log-suite.js";
import { SharedModel } from "./shared-model.js";

const models = new Map<string, SharedModel>();

sharedLogSuite(
  (title, test) => it(`model: ${title}`, test),
  () =>
    (limits: EngineLimits = {}) => {
      const { historyMessages, maxSessions, sessionTtlMs } = limits;
      const key = JSON.stringify(limits);
      const model =
        models.get(key) ??
        new SharedModel({
          ...(historyMessages === undefined ? {} : { historyMessages }),
          ...(maxSessions === undefined ? {} : { maxSessions }),
          ...(sessionTtlMs === undefined ? {} : { sessionTtlMs }),
        });
      models.set(key, model);
      return model.link();
    },
);
