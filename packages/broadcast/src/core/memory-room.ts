/** A room whose log is in the memory of the server, and gone with it. */

import { MemoryCommits } from "./commits.js";
import { drawEpoch } from "./epoch.js";
import { OwnRoom } from "./own-room.js";
import type { ServerContext } from "./server-context.js";

export class MemoryRoom extends OwnRoom {
  protected readonly commits: MemoryCommits = new MemoryCommits((append, now) => this.commit(append, now));

  constructor(name: string, context: ServerContext, now: number) {
    super(name, context);
    const epoch = drawEpoch(context.platform);
    this.begin({ epoch, previousEpoch: 0, previousHead: 0, epochStart: 1 }, this.newLog(0), false, now);
  }

  override get isIdle(): boolean {
    return this.hasNobody;
  }
}
