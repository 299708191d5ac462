/** What the electors of all engines have in common, with an engine that only counts. */
import { expect, it } from "vitest";
import { ElectorBase } from "../../src/node/elector-base.js";
import { silentLogger } from "../../src/node/logger.js";

class CountingElector extends ElectorBase {
  readonly calls: string[] = [];
  /** What it calls while it begins, as a logger may that it was given. */
  whileBeginning = (): unknown => undefined;
  readonly self = { id: "a", address: "127.0.0.1:1" };

  protected async begin(): Promise<void> {
    this.calls.push("begin");
    await this.whileBeginning();
  }

  protected async end(starting: Promise<void> | undefined): Promise<void> {
    this.calls.push(starting === undefined ? "end" : "end after begin");
  }

  elected(epoch: number): void {
    this.tell("elected", { epoch, id: "a" });
  }
}

const counting = (): CountingElector => new CountingElector(silentLogger);

it("an elector begins once, whoever starts it again meanwhile, and not after it was stopped", async () => {
  const elector = counting();
  let again: Promise<void> | undefined;
  elector.whileBeginning = () => {
    again = elector.start();
    again.catch(() => {}); // looked at below
  };
  await elector.start();
  await expect(again).rejects.toMatchObject({ name: "ElectorError", code: "STARTED" });
  await expect(elector.start()).rejects.toMatchObject({ code: "STARTED" });
  await elector.stop();
  await expect(elector.start()).rejects.toMatchObject({ code: "STOPPED" });
  expect(elector.calls).toEqual(["begin", "end after begin"]);
});

it("an elector ends once, however often it is stopped, and where it never began", async () => {
  const elector = counting();
  expect(elector.stop()).toBe(elector.stop());
  await elector[Symbol.asyncDispose]();
  await expect(elector.start()).rejects.toMatchObject({ code: "STOPPED" });
  expect(elector.calls).toEqual(["end"]);
});

it("an elector tells its listeners: each time, once, and no more", () => {
  const heard: string[] = [];
  const elector = counting();
  const every = ({ epoch }: { epoch: number }): void => void heard.push(`every ${epoch}`);
  const returned = elector.on("elected", every).once("elected", ({ epoch }) => void heard.push(`once ${epoch}`));
  expect(returned).toBe(elector);
  elector.elected(1);
  elector.elected(2);
  elector.off("elected", every).elected(3);
  expect(heard).toEqual(["every 1", "once 1", "every 2"]);
});
