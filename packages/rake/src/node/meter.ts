/**
 * The meter: the process that stands above an action, starts it under its limits, measures it, and kills what it leaves.
 *
 * Node can neither set limits nor read what a child has used, nor adopt the children of one that is gone; three system calls can.
 * So the meter is a short program for perl, which is on nearly every Linux (essential in Debian), and starts in about a millisecond.
 * Where there is none that works, actions are run by a plain shell: `plainArguments`.
 *
 * Descriptors 5 and 6 are the command's stdout and stderr; 3 joins the meter to the server. It writes `e STATUS CPU PEAK WALL` when the command's first process has ended: its wait status,
 * microseconds that it and the children that it waited for have used (rusage), the most bytes that one of them had in memory (the
 * same; at least what perl itself has, about 6 MB), and microseconds on the monotonic clock. It reads `T` (SIGTERM to the process group)
 * and `K`: kill all, then end. The end of the descriptor, which is what a killed server leaves, stands for `K`. It is the subreaper of the action:
 * whatever that starts stays below it, whether it has left group and session, cleared its environment or outlived its parent.
 */
import type { JobLimits } from "../core/server-contract.js";

/** How the meter finds what it has to kill: all of its PID namespace, or those below it. */
export type Reach = "namespace" | "below";

/** Numbers of wait4, prctl, setrlimit and clock_gettime; pidfd_open is 434 everywhere. */
const CALLS: Readonly<Record<string, readonly number[]>> = {
  x64: [61, 157, 160, 228],
  arm64: [260, 167, 164, 113],
  riscv64: [260, 167, 164, 113],
};

/** RLIMIT_CPU, FSIZE, CORE, NPROC, NOFILE, AS: the same where the calls above are. */
const LIMIT = { cpu: 0, file: 1, core: 4, processes: 6, openFiles: 7, memory: 9 };

/**
 * Arguments: four calls, reach, no new privileges (0 or 1), limits as `n=value,...` (the hard one behind a colon), then the words. Limits
 * `-`: it waits on descriptor 3 for eight digits, a length, and so many bytes: limits and words, a NUL between each.
 */
const PROGRAM = String.raw`
my ($wait4, $prctl, $setrlimit, $clock, $reach, $tight, $limits, @words) = @ARGV;
$_ += 0 for $wait4, $prctl, $setrlimit, $clock;
delete $ENV{PERL_BADLANG};
open(my $server, "+<&=3") or die "no descriptor 3";
open(my $out, ">&=5") or die "no descriptor 5";
open(my $err, ">&=6") or die "no descriptor 6";
fcntl($_, 2, 1) for $server, $out, $err;
# What the server was started with is not the action's.
if ($tight and opendir my $open, "/proc/self/fd") {
  for (grep { /^\d+$/ and $_ > 6 } readdir $open) { open(my $one, "<&=", $_) and close $one }
}
sub now { my $t = "\0" x 16; syscall($clock, 1, $t); my ($s, $n) = unpack "q2", $t; $s * 1000000 + int($n / 1000) }
syscall($prctl, 36, 1, 0, 0, 0);
syscall($prctl, 38, 1, 0, 0, 0) if $tight;
if ($limits eq "-") {
  my ($said, $size) = ("");
  until (defined $size and length $said >= 8 + $size) {
    sysread $server, $said, 65536, length $said or exit 0;
    exit 0 if $said =~ /^[KT]/;
    $size = 0 + substr $said, 0, 8 if length $said >= 8;
  }
  # What was told to end before it began.
  exit 0 if length $said > 8 + $size;
  ($limits, @words) = split /\0/, substr($said, 8), -1;
}
my $began = now();
my $first = fork;
defined $first or die "cannot fork: $!";
if ($first == 0) {
  setpgrp(0, 0);
  open(STDOUT, ">&", $out);
  open(STDERR, ">&", $err);
  umask 022;
  if (open(my $score, ">", "/proc/self/oom_score_adj")) { syswrite $score, "1000" }
  for (split /,/, $limits) {
    my ($number, $soft, $hard) = /^(\d+)=(\d+):(\d+)$/;
    my $values = pack "QQ", $soft, $hard;
    next if syscall($setrlimit, $number + 0, $values) == 0;
    # Ours may be stricter than what is asked for: then it stays.
  }
  exec { $words[0] } @words;
  print STDERR "rake: cannot run $words[0]: $!\n";
  require POSIX;
  POSIX::_exit(127);
}
# Here too: it may be told to end before the child has come so far.
setpgrp($first, $first);
$SIG{PIPE} = "IGNORE";
# The streams end with the last of the action's processes: not with this one.
close $out;
close $err;
my $watch = syscall(434, $first, 0);
my ($ended, $gone) = (0, 0);
sub reap {
  for (;;) {
    my ($status, $used) = ("\0" x 8, "\0" x 144);
    my $pid = syscall($wait4, -1, $status, 1, $used);
    return $pid == 0 if $pid <= 0;
    next if $pid != $first;
    my ($us, $uu, $ss, $su, $peak) = unpack "q5", $used;
    $ended = 1;
    my $line = join " ", "e", unpack("i", $status), ($us + $ss) * 1000000 + $uu + $su, $peak * 1024, now() - $began;
    syswrite $server, "$line\n";
  }
}
sub below {
  my (%up, @all);
  opendir(my $proc, "/proc") or return;
  for my $pid (grep /^\d+$/, readdir $proc) {
    open(my $file, "<", "/proc/$pid/stat") or next;
    my $line = do { local $/; <$file> };
    push @{$up{$2}}, $pid if defined $line and $line =~ /^.*\) ([^ZX]) (\d+)/s;
  }
  my @next = ($$);
  while (@next) { @next = map { @{$up{$_} || []} } @next; push @all, @next }
  return @all;
}
sub end_all {
  kill 9, -$first unless $ended;
  # Nothing is below without a child: what lost its parent is one.
  for (my $pause = 0.001; reap(); $pause *= 2) {
    if ($reach eq "namespace") { kill 9, -1 }
    else {
      my %seen;
      # What is stopped cannot fork: so they are stopped until no more are found, and killed then.
      while (my @new = grep { !$seen{$_}++ } below()) { kill 19, @new }
      kill 9, keys %seen if %seen;
    }
    reap() or return;
    select undef, undef, undef, $pause < 0.05 ? $pause : 0.05;
  }
}
for (;;) {
  my $in = "";
  vec($in, 3, 1) = 1;
  vec($in, $watch, 1) = 1 if $watch > 0 and not $ended;
  my $ready = select $in, undef, undef, $watch > 0 ? 1 : 0.01;
  reap();
  next if $ready <= 0 or not vec($in, 3, 1);
  my $read = sysread $server, my $said, 16;
  if (not $read or $said =~ /K/) { end_all(); exit 0 }
  kill 15, -$first if not $ended;
}
`;

/** Whether the numbers of this machine's system calls are known. */
export const hasMeter: boolean = process.platform === "linux" && process.arch in CALLS;

/** Puts `words` under a meter; `perl` is a path. */
export function meterArguments(
  perl: string,
  reach: Reach,
  limits: JobLimits | undefined,
  words: readonly string[],
): string[] {
  const calls = (CALLS[process.arch] ?? []).map(String);
  const tight = limits === undefined ? "0" : "1";
  return [perl, "-e", PROGRAM, ...calls, reach, tight, limits === undefined ? "" : limitWords(limits), ...words];
}

/** One that waits to be told what it is to start. @param tight under limits, without new privileges */
export function waitingArguments(perl: string, reach: Reach, tight: boolean): string[] {
  return [perl, "-e", PROGRAM, ...(CALLS[process.arch] ?? []).map(String), reach, tight ? "1" : "0", "-"];
}

/** What it is told. @throws where a word cannot be one */
export function meterOrder(limits: JobLimits | undefined, words: readonly string[]): Uint8Array {
  if (words.some((word) => word.includes("\0"))) throw new Error("a command cannot have a NUL in it");
  const body = Buffer.from([limits === undefined ? "" : limitWords(limits), ...words].join("\0"));
  return Buffer.concat([Buffer.from(String(body.length).padStart(8, "0")), body]);
}

/** SIGXCPU at the limit, SIGKILL two seconds of it later; everything else has one bound. */
function limitWords(limits: JobLimits): string {
  const both = (number: number, value: number): string => `${number}=${value}:${value}`;
  return [
    both(LIMIT.core, 0),
    `${LIMIT.cpu}=${limits.cpuSeconds}:${limits.cpuSeconds + 2}`,
    both(LIMIT.file, limits.fileBytes),
    both(LIMIT.processes, limits.processes),
    both(LIMIT.openFiles, limits.openFiles),
    both(LIMIT.memory, limits.memoryBytes),
  ].join(",");
}

/** What the meter has to say of an end. */
export interface Measured {
  /** Exactly one of both. */
  readonly code?: number;
  readonly signal?: number;
  readonly cpuMicros: number;
  readonly peakBytes: number;
  readonly wallMicros: number;
  /** It could not be run: why. */
  readonly failed?: string;
}

/** Undefined for anything else: the action shares a user with its meter, and may have written there. */
export function readMeasured(line: string): Measured | undefined {
  const match = /^e (\d{1,6}) (\d{1,15}) (\d{1,15}) (\d{1,15})$/.exec(line);
  if (match === null) return undefined;
  const [status = 0, cpuMicros = 0, peakBytes = 0, wallMicros = 0] = match.slice(1).map(Number);
  const signal = status & 0x7f;
  return { ...(signal === 0 ? { code: (status >> 8) & 0xff } : { signal }), cpuMicros, peakBytes, wallMicros };
}

/** Without a meter: limits by the shell, which then becomes the command. What it was stricter about before stays. */
export function plainArguments(limits: JobLimits | undefined, words: readonly string[]): string[] {
  if (limits === undefined) return [...words];
  const kib = (bytes: number): number => Math.max(1, Math.floor(bytes / 1_024));
  const script = [
    "umask 022",
    "ulimit -c 0",
    `ulimit -t ${limits.cpuSeconds}`,
    `ulimit -f ${Math.max(1, Math.floor(limits.fileBytes / 512))}`,
    `ulimit -n ${limits.openFiles}`,
    `ulimit -v ${kib(limits.memoryBytes)}`,
    // Its letter is u in bash and p in dash.
    `(ulimit -u ${limits.processes}) && ulimit -u ${limits.processes} || ulimit -p ${limits.processes}`,
  ].join("; ");
  return ["/bin/sh", "-c", `{ ${script}; } 2>/dev/null; exec "$@"`, "sh", ...words];
}
