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

/**
 * For /bin/sh. The server has a folder of the node's own, which goes away with it, however it ends. A SIGTERM goes on to the server, which
 * then ends its actions; the job's exit code is the server's.
 */
export function pilotScript(files: PilotFiles, server: readonly string[], leaseMs: number): string {
  return `#!/bin/sh
own=$(mktemp -d "\${TMPDIR:-/tmp}/rake-pilot-XXXXXX") && chmod 711 "$own" || exit 1
${server.map(quoted).join(" ")} --folder "$own" >${quoted(files.listening)} </dev/null &
server=$!
trap 'kill -TERM $server 2>/dev/null' TERM INT
(
  trap 'kill -KILL $! 2>/dev/null; exit 0' TERM
  seen=
  while sleep ${(leaseMs / 1_000).toFixed(3)} & wait $!; do
    now=
    read -r now <${quoted(files.lease)}
    if [ "$now" = "$seen" ]; then
      echo "nobody has wanted this pilot for ${leaseMs} ms" >&2
      kill -TERM $server
      exit 0
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
# One signal could come before it listens to them.
for try in 1 2 3 4 5 6 7 8 9 10; do
  kill -TERM $watch 2>/dev/null || break
  sleep 0.02
done
# What the actions of a server that was killed leave may still be on its way out.
for try in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$own" 2>/dev/null && break
  chmod -R u+rwX "$own" 2>/dev/null
  sleep 0.1
done
exit $code
`;
}

/** One word, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
