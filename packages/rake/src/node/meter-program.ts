/**
 * The meter's words for perl (meter.ts), in three forms: one that starts its command at once, one that waits for an order, and the spawner
 * (spawner.ts), which forks meters that wait.
 *
 * Arguments of each: the numbers of the system calls (`CALLS` in meter.ts), then its own.
 */

const COMMON = String.raw`
my ($wait4, $prctl, $setrlimit, $clock, $setsid, $dup3, $setgroups, $setgid, $setuid) = map { $_ + 0 } splice @ARGV, 0, 9;
delete $ENV{PERL_BADLANG};
my ($server, $say, $out, $err, $reach);
# What its reports begin with, where several meters make theirs by one descriptor; such a one ends when nothing is below it any more.
my $name = "";
my ($first, $watch, $began, $ended) = (0, -1, 0, 0);
sub now { my $t = "\0" x 16; syscall($clock, 1, $t); my ($s, $n) = unpack "q2", $t; $s * 1000000 + int($n / 1000) }
sub close_above {
  my ($most) = @_;
  opendir(my $open, "/proc/self/fd") or return;
  for (grep { /^\d+$/ and $_ > $most } readdir $open) { open(my $one, "<&=", $_) and close $one }
}
sub stand_above {
  my ($tight) = @_;
  syscall($prctl, 36, 1, 0, 0, 0);
  syscall($prctl, 38, 1, 0, 0, 0) if $tight;
}
sub become {
  my ($limits, @words) = @_;
  open(STDOUT, ">&", $out);
  open(STDERR, ">&", $err);
  close $server;
  close $say;
  # What has nothing of the meter any more may be looked into, as what it becomes may be: else it could not write what follows.
  syscall($prctl, 4, 1, 0, 0, 0);
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
sub reap {
  my $line;
  for (;;) {
    my ($status, $used) = ("\0" x 8, "\0" x 144);
    my $pid = syscall($wait4, -1, $status, 1, $used);
    if ($pid <= 0) {
      $line .= " g" if $pid < 0 and defined $line and $name ne "";
      syswrite $say, "$line\n" if defined $line;
      return $pid == 0;
    }
    next if $pid != $first;
    my ($us, $uu, $ss, $su, $peak) = unpack "q5", $used;
    $ended = 1;
    $line = "e $name" . join " ", unpack("i", $status), ($us + $ss) * 1000000 + $uu + $su, $peak * 1024, now() - $began;
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
sub watch_over {
  my $on = fileno $server;
  for (;;) {
    my $in = "";
    vec($in, $on, 1) = 1;
    vec($in, $watch, 1) = 1 if $watch > 0 and not $ended;
    my $ready = select $in, undef, undef, $watch > 0 ? 1 : 0.01;
    my $is_left = reap();
    exit 0 if $ended and not $is_left and $name ne "";
    next if $ready <= 0 or not vec($in, $on, 1);
    my $read = sysread $server, my $said, 16;
    if (not $read or $said =~ /K/) { end_all(); exit 0 }
    kill 15, -$first if not $ended;
  }
}
# In the meter, behind its fork.
sub settle {
  # In the child too: it may be told to end before that has come so far.
  setpgrp($first, $first);
  $SIG{PIPE} = "IGNORE";
  # The streams end with the last of the action's processes: not with this one.
  close $out;
  close $err;
  $watch = syscall(434, $first, 0);
}
# The process that will be the command is made beforehand too, and takes the order itself: eight digits, a length, and so many bytes: limits
# and words, a NUL between each.
sub wait_and_watch {
  my ($folder) = @_;
  pipe(my $from, my $to) or die "no pipe: $!";
  $first = fork;
  defined $first or die "cannot fork: $!";
  if ($first == 0) {
    setpgrp(0, 0);
    close $from;
    my ($said, $size) = ("", 8);
    while (length $said < $size) {
      sysread $server, $said, $size - length $said, length $said or exit 0;
      exit 0 if $said =~ /^[KT]/;
      $size = 8 + substr $said, 0, 8 if length $said == 8;
    }
    if (defined $folder) {
      chdir $folder or die "rake: cannot enter $folder: $!\n";
      $ENV{PWD} = $folder;
    }
    syswrite $to, pack "q", now();
    close $to;
    become(split /\0/, substr($said, 8), -1);
  }
  close $to;
  settle();
  # Until it has its order it is told to end in the meter's place.
  my $at;
  unless (sysread $from, $at, 8) { waitpid $first, 0; exit($? >> 8) }
  close $from;
  $began = unpack "q", $at;
  watch_over();
}
`;

/** Arguments: reach, no new privileges (0 or 1), limits as `n=value,...` (the hard one behind a colon), then the words. */
export const METER_PROGRAM: string = `${COMMON}
my ($tight, $limits, @words);
($reach, $tight, $limits, @words) = @ARGV;
open($server, "+<&=3") or die "no descriptor 3";
open($out, ">&=5") or die "no descriptor 5";
open($err, ">&=6") or die "no descriptor 6";
fcntl($_, 2, 1) for $server, $out, $err;
# What the server was started with is not the action's.
close_above(6) if $tight;
open($say, ">&", $server) or die "no descriptor: $!";
stand_above($tight);
$began = now();
$first = fork;
defined $first or die "cannot fork: $!";
if ($first == 0) {
  setpgrp(0, 0);
  become($limits, @words);
}
settle();
watch_over();
`;

/** Arguments: reach, no new privileges, its name, the folder of its command. It reads on 3, and says on 7. */
export const WAITING_PROGRAM: string = `${COMMON}
my ($tight, $folder);
($reach, $tight, $name, $folder) = @ARGV;
$name .= " ";
open($server, "<&=3") or die "no descriptor 3";
open($out, ">&=5") or die "no descriptor 5";
open($err, ">&=6") or die "no descriptor 6";
open($say, ">&=7") or die "no descriptor 7";
fcntl($_, 2, 1) for $server, $out, $err, $say;
close_above(7);
# The action has the same user, and is not to speak in its place.
syscall($prctl, 4, 0, 0, 0, 0);
stand_above($tight);
wait_and_watch($folder);
`;

/**
 * No arguments. Reads on 0: eight digits, a length, and so many bytes: the fields of `start` with a NUL between each. Says on 1, in lines: `s NAME PID`, one was
 * started; `f NAME WHY`, it was not; `c NAME WHY`, a complaint of one; `x NAME STATUS`, one has ended. What meters say comes by the same.
 */
export const SPAWNER_PROGRAM: string = String.raw`${COMMON}
my ($asked, %running) = ("");
close_above(2);
my @low;
# Those that a sandbox hands on are put into their places later: nothing else is to be there.
do { open(my $null, "+<", "/dev/null") or die "no /dev/null: $!"; push @low, $null } until fileno $low[-1] >= 7;
open($say, ">&", \*STDOUT) or die "no descriptor: $!";
sub report { my $line = join " ", @_; $line =~ s/\n.*//s; syswrite $say, "$line\n" }
# Both ends are open with the server: it waits for none.
sub opened {
  my ($path, $how) = @_;
  sysopen(my $file, $path, $how | 2048) or return;
  fcntl($file, 4, 0);
  return $file;
}
sub start {
  my ($who, $orders, $to_out, $to_err, $to_complain, $uid, $gid, $folder, $how_far, $tight, $count, @more) = @_;
  my @files = (opened($orders, 0), map { opened($_, 1) } $to_out, $to_err, $to_complain eq "" ? () : $to_complain);
  return report("f", $who, "a pipe cannot be opened: $!") if @files < ($to_complain eq "" ? 3 : 4);
  my $pid = fork;
  return report("f", $who, "cannot fork: $!") if not defined $pid;
  if ($pid) {
    my $fd = syscall(434, $pid, 0);
    open(my $end, "<&=", $fd) if $fd > 0;
    $running{$pid} = [$who, $end];
    return report("s", $who, $pid);
  }
  %running = ();
  $SIG{__DIE__} = sub { report("c", $who, $_[0]) };
  syscall($setsid);
  open(STDIN, "<", "/dev/null");
  open(STDOUT, ">", "/dev/null");
  if (@files > 3) { open(STDERR, ">&", $files[3]) } else { open(STDERR, ">", "/dev/null") }
  chdir $folder or die "cannot enter $folder: $!";
  if ($uid ne "") {
    (syscall($setgroups, 0, 0) == 0 and syscall($setgid, $gid + 0) == 0 and syscall($setuid, $uid + 0) == 0)
      or die "cannot become user $uid: $!";
  }
  %ENV = map { /^(.*?)=(.*)$/s } splice @more, 0, $count;
  if (@more) {
    my @places = ([$files[0], 3], [$files[3], 4], [$files[1], 5], [$files[2], 6], [$say, 7]);
    for (@places) { syscall($dup3, fileno $_->[0], $_->[1], 0) >= 0 or die "cannot place a descriptor: $!" }
    exec { $more[0] } @more;
    die "cannot run $more[0]: $!";
  }
  delete $ENV{PERL_BADLANG};
  ($server, $out, $err, $reach, $name) = (@files[0 .. 2], $how_far, "$who ");
  stand_above($tight);
  wait_and_watch();
}
for (;;) {
  my $in = "";
  vec($in, 0, 1) = 1;
  for (values %running) { vec($in, fileno $_->[1], 1) = 1 if $_->[1] }
  my $ready = select $in, undef, undef, (grep { !$_->[1] } values %running) ? 0.01 : undef;
  while ((my $pid = waitpid -1, 1) > 0) {
    my $status = $?;
    my $one = delete $running{$pid} or next;
    report("x", $one->[0], $status);
  }
  next if $ready <= 0 or not vec($in, 0, 1);
  sysread STDIN, $asked, 65536, length $asked or exit 0;
  while (length $asked >= 8 and length $asked >= 8 + substr $asked, 0, 8) {
    my $size = substr $asked, 0, 8;
    my $fields = substr $asked, 8, $size;
    substr($asked, 0, 8 + $size) = "";
    start(split /\0/, $fields, -1);
  }
}
`;
