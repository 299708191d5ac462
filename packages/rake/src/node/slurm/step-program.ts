/**
 * What `srun` starts on a node for each action: a short program for perl that calls the server back and then runs the meter, as it would beside
 * the server. Nothing goes by way of `srun`'s own streams but complaints: it says neither which signal ended a command nor when a single
 * stream is over, and writes lines of its own between.
 *
 * It makes three connections, each with a line that says who it is: `c` is the meter's descriptor 3, which brings the end of the
 * command and takes `T` and `K`; `o` and `e` take what pipes bring, from which two processes copy, in pieces (pieces.ts). A server
 * that is gone ends the first of them, and so the action. Its environment is cut down to the names that it is given.
 */

/** Arguments: port, address (empty: where `srun` runs), names to keep joined by commas, then the words. Its pass is in RAKE_STEP. */
const PROGRAM = String.raw`
my ($port, $address, $names, @words) = @ARGV;
$address ||= $ENV{SLURM_LAUNCH_NODE_IPADDR} || $ENV{SLURM_SRUN_COMM_HOST};
my $pass = $ENV{RAKE_STEP};
my %keep = map { $_ => 1 } split /,/, $names;
delete @ENV{grep { !$keep{$_} } keys %ENV};
$SIG{PIPE} = "DEFAULT";
# The meter wants certain descriptors: the lowest free one is taken each time.
for my $fd (3 .. 63) { if (open(my $old, "<&=", $fd)) { close $old } }
# The module for addresses takes longer to load than all the rest: the usual ones are put together by hand.
my ($family, $where) = (2, undef);
if ($address =~ /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/) { $where = pack "S n C4 x8", 2, $port, $1, $2, $3, $4 }
else {
  require Socket;
  my ($error, $found) = Socket::getaddrinfo($address, $port, { socktype => 1 });
  die "rake: $address: $error\n" if $error;
  ($family, $where) = ($found->{family}, $found->{addr});
}
sub dial {
  my $what = shift;
  socket(my $to, $family, 1, 0) or die "rake: no socket: $!\n";
  connect($to, $where) or die "rake: the server at $address:$port cannot be reached: $!\n";
  # TCP_NODELAY; SO_KEEPALIVE, TCP_KEEPIDLE, KEEPINTVL and KEEPCNT: a server that is gone without a word is missed within 5 s.
  setsockopt($to, $_->[0], $_->[1], $_->[2]) for [6, 1, 1], [1, 9, 1], [6, 4, 2], [6, 5, 1], [6, 6, 3];
  syswrite $to, "$pass $what\n";
  return $to;
}
sub copy {
  my ($from, $to) = @_;
  my $read;
  do {
    $read = sysread $from, my $bytes, 65536;
    defined $read or exit 0;
    # One of no bytes says that it was all.
    my $piece = pack("N", $read) . $bytes;
    for (my $at = 0; $at < length $piece; ) {
      my $wrote = syswrite $to, $piece, length($piece) - $at, $at;
      exit 0 unless defined $wrote;
      $at += $wrote;
    }
  } while ($read);
}
my $control = dial("c");
open(my $none, "+<", "/dev/null") or die "rake: no /dev/null: $!\n";
pipe(my $out, my $to_out) or die "rake: no pipe: $!\n";
pipe(my $err, my $to_err) or die "rake: no pipe: $!\n";
my $meter = fork;
defined $meter or die "rake: cannot fork: $!\n";
if ($meter == 0) {
  close $out;
  open(my $five, ">&", $to_out);
  close $to_out;
  open(my $six, ">&", $to_err);
  close $to_err;
  close $err;
  my @got = map { fileno $_ } $control, $none, $five, $six;
  die "rake: descriptors @got\n" if "@got" ne "3 4 5 6";
  fcntl($_, 2, 0) for $control, $none, $five, $six;
  open(STDIN, "<", "/dev/null");
  open(STDOUT, ">", "/dev/null");
  exec { $words[0] } @words;
  die "rake: cannot run $words[0]: $!\n";
}
close $_ for $control, $none, $to_out, $to_err;
my $second = fork;
defined $second or die "rake: cannot fork: $!\n";
my ($from, $what) = $second == 0 ? ($err, "e") : ($out, "o");
close($second == 0 ? $out : $err);
my $to = dial($what);
copy($from, $to);
close $to;
exit 0 if $second == 0;
waitpid $meter, 0;
waitpid $second, 0;
exit 0;
`;

export interface StepCall {
  readonly perl: string;
  readonly port: number;
  /** Undefined: where `srun` runs. */
  readonly address: string | undefined;
  /** Names of the environment variables that the action has. */
  readonly names: readonly string[];
}

/** The variable that has a step's pass: the words of a process can be read by everybody on its machine, its environment cannot. */
export const PASS = "RAKE_STEP";

/** The words for `srun`, which start `words` on a node. */
export function stepArguments({ perl, port, address, names }: StepCall, words: readonly string[]): string[] {
  return [perl, "-e", PROGRAM, String(port), address ?? "", names.join(","), ...words];
}
