import { packageBuild } from "../../tsup.base.js";

export default packageBuild({
  index: "src/index.ts",
  core: "src/core/index.ts",
  level: "src/node/level/index.ts",
  redis: "src/node/redis/index.ts",
  nats: "src/node/nats/index.ts",
  metrics: "src/node/metrics.ts",
  "cli/main": "src/cli/main.ts",
});
