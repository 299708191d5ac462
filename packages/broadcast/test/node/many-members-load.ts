/** A process of many members of one room, so that the server's process is not theirs: `ADDRESS COUNT MESSAGES`. */
import { createHash, type Hash } from "node:crypto";
import { RawMember } from "./raw-member.js";

const [address = "", count = "0", messages = "0"] = process.argv.slice(2);
const digests = new Map<string, number>();
let done = 0;

/** Hears of all joins at once, when it opens its window: a thousand who tell each other one by one are half a million writes. */
async function member(): Promise<{ readonly open: () => void }> {
  const raw = await RawMember.join(address, { window: 1, start: "live" });
  const { resumeFrom } = await raw.message("welcome");
  const digest = createHash("sha256");
  let next = resumeFrom;
  let seen = 0;
  let window = 1;
  const acknowledge = (): void => raw.say({ type: "ack", last: next - 1, window });
  const held = raw.seen.splice(0);
  raw.onMessage = (message) => {
    if (message.type !== "batch") return;
    if (message.first !== next) throw new Error(`${message.first} came, not ${next}`);
    for (const { kind, bytes } of message.entries) {
      if (kind === "message") {
        digest.update(`${next} `).update(bytes);
        if (++seen === Number(messages)) finish(digest);
      }
      next++;
    }
    if (window > 1) acknowledge();
  };
  for (const message of held) raw.onMessage(message);
  const open = (): void => {
    window = 1_000_000;
    acknowledge();
  };
  return { open };
}

function finish(digest: Hash): void {
  const text = digest.digest("hex");
  digests.set(text, (digests.get(text) ?? 0) + 1);
  if (++done === Number(count)) process.stdout.write(`${JSON.stringify([...digests.values()])}\n`);
}

async function run(): Promise<void> {
  const all: { readonly open: () => void }[] = [];
  while (all.length < Number(count)) {
    all.push(...(await Promise.all(Array.from({ length: Math.min(50, Number(count) - all.length) }, member))));
  }
  process.stdout.write("joined\n");
  for (const { open } of all) open();
}

void run();
