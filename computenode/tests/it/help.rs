//! What the program says of itself.

use crate::process::run;

#[test]
fn help_names_every_option_and_shows_examples() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let options: Vec<_> =
        help.lines().filter_map(|line| line.trim_start().strip_prefix("--")?.split(' ').next()).collect();
    insta::assert_snapshot!(options.join(" "), @"name machines listen server advertise delay reject-probability delay-probability slots queue cores seed data-root max-image-bytes max-image-pixels max-memory grace metrics metrics-token secret-file tls insecure max-connections max-connection-rate max-call-rate log-level log-file log-bytes log-files");
    let examples = help.split_once("Examples:\n").unwrap().1;
    insta::assert_snapshot!(examples, @r"
  computenode 0.8
      Take the first free entry of ./machine.txt that is on this machine.
      Reject 80 % of the attempts that may be rejected; start 80 % of the
      others 3 s late.
  computenode 0.2 --name node3 --delay 50ms
      Be node3 of machine.txt, with short delays.
  computenode 0 --listen 127.0.0.1:0 --name spare --data-root /data/photos
      No machine.txt: any free port of this machine (the ready line tells
      which), images of /data/photos only.
  computenode 0.2 --server 127.0.0.1:5000
      No machine.txt: any free port, and work from that server at once, also
      in the middle of a job.
  computenode 0.5 --reject-probability 0 --delay-probability 0.9 --seed 7
      Never reject, often delay; calls of the original's interface meet the
      same luck in every run.

A load that changes is steps[levels=0.1/0.9,period_s=60],
sine[mean=0.5,amplitude=0.4,period_s=60], in_flight[idle=0,full=0.9,from=2,
to=8] (by the attempts at the node) or markov[calm=0.1,busy=0.9,calm_s=60,
busy_s=20] (two states of random length).

A delayed attempt sleeps in its slot and uses no core. The node reads and
writes inside its data roots only. It prints one line when it is ready, logs
to standard error, and ends on Ctrl-C or SIGTERM when its attempts in flight
are done; a second signal ends it at once.

Exit status: 0 ended as asked, 1 could not start or had to give up work,
2 wrong usage.
");
}

#[test]
fn version_is_the_programs() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["--version"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("computenode {}\n", env!("CARGO_PKG_VERSION"))
    );
}
