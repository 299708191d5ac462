/** The room, on this node while it leads. */
import type { BroadcastServer } from "@lab/broadcast";
import type { Elector } from "@lab/election";

/** @param open starts the server of the room; it is closed when the lead goes, or with what is returned */
export function whileLeading(
  elector: Elector,
  open: () => Promise<BroadcastServer>,
  onTrouble: (error: Error) => void,
): AsyncDisposable {
  let server: BroadcastServer | undefined;
  let turn: Promise<void> = Promise.resolve();
  /** One thing after another, however fast the lead comes and goes. */
  const next = (act: () => Promise<void>): Promise<void> => (turn = turn.then(act).catch(onTrouble));
  const cede = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };
  const lead = async (): Promise<void> => {
    if (elector.isLeader()) server = await open();
  };
  const orResign = (error: Error): never => {
    elector.resign(); // another may be able to
    throw error;
  };
  elector.on("elected", () => void next(() => lead().catch(orResign)));
  elector.on("stepDown", () => void next(cede));
  return { [Symbol.asyncDispose]: () => next(cede) };
}
