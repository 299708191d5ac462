/** What a pilot's job runs: a server, and a watch that ends it where nobody wants it any more. */
import { join } from "node:path";

export interface PilotFiles {
  readonly secret: string;
  readonly script: string;
  /** The server's output: its first line tells where it listens. */
  readonly listening: string;
  /** All that is complained of. */
  readonly log: string;
  /** A number that changes as long as somebody wants the pilot. */
  readonly lease: string;
}

export function pilotFiles(folder: string): PilotFiles {
  const [secret, script, listening] = [join(folder, "secret"), join(folder, "job.sh"), join(folder, "listening")];
  return { secret, script, listening, log: join(folder, "log"), lease: join(folder, "lease") };
}

/** For /bin/sh. A SIGTERM goes on to the server, which then ends its actions; the job's exit code is the server's. */
export function pilotScript(files: PilotFiles, server: readonly string[], leaseMs: number): string {
  return `#!/bin/sh
${server.map(quoted).join(" ")} >${quoted(files.listening)} </dev/null &
server=$!
trap 'kill -TERM $server 2>/dev/null' TERM INT
(
  trap 'kill $sleep 2>/dev/null; exit' TERM
  seen=
  while sleep ${(leaseMs / 1_000).toFixed(3)} & sleep=$!; wait $sleep; do
    now=
    read -r now <${quoted(files.lease)}
    if [ "$now" = "$seen" ]; then
      echo "nobody has wanted this pilot for ${leaseMs} ms" >&2
      kill -TERM $server
      exit
    fi
    seen=$now
  done
) &
watch=$!
wait $server
code=$?
while kill -0 $server 2>/dev/null; do
  wait $server
  code=$?
done
kill -TERM $watch 2>/dev/null
exit $code
`;
}

/** One word, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
