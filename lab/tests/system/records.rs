//! The CSV files: whole, agreeing with each other, and read by `lab compare`.

use crate::world::World;
use records::{AttemptOutcome, Run};

#[test]
fn the_three_files_agree() {
    let world = World::new();
    world.multiply(40);
    let (server, _nodes) = world.cluster(&["0.8", "0.6", "0.5", "0.2"], &["--seed", "5"]);
    for strategy in ["random", "load_balancing", "power_of_two"] {
        assert_eq!(world.client(&server, &["data", strategy, "--seed", "3"]).status, Some(0));
    }
    let run = Run::read(&world.run_folder()).unwrap();
    assert_eq!(run.jobs.len(), 3);
    for job in &run.jobs {
        let attempts: Vec<_> = run.attempts.iter().filter(|row| row.job_key == job.job_key).collect();
        let tasks: Vec<_> = run.tasks.iter().filter(|row| row.job_key == job.job_key).collect();
        let count = |outcome| attempts.iter().filter(|row| row.outcome == outcome).count() as u64;
        assert_eq!((tasks.len() as u64, job.done), (job.tasks, job.tasks));
        assert_eq!(attempts.len() as u64, job.attempts);
        assert_eq!(count(AttemptOutcome::Done), job.done);
        assert_eq!(count(AttemptOutcome::Rejected), job.rejected);
        assert_eq!(attempts.iter().filter(|row| row.delayed).count() as u64, job.delayed);
        assert_eq!(tasks.iter().map(|row| u64::from(row.attempts)).sum::<u64>(), job.attempts);
        for row in &attempts {
            let parts =
                row.queue_us + row.delay_us + row.read_us + row.decode_us + row.operation_us + row.encode_us;
            assert!(parts + row.write_us + row.wire_us <= row.total_us, "{row:?}");
            assert_eq!(row.delayed, row.delay_us > 0);
        }
    }
    let must_accept = &run.jobs[0];
    assert_eq!((must_accept.rejected, must_accept.attempts), (0, must_accept.tasks));
    assert!(run.jobs[1].rejected > 0);
}

#[test]
fn compare_reads_what_the_server_wrote() {
    let world = World::new();
    let (server, _nodes) = world.cluster(&["0.8", "0.2"], &[]);
    for seed in ["1", "2", "3"] {
        for strategy in ["random", "load_aware"] {
            assert_eq!(world.client(&server, &["data", strategy, "--seed", seed]).status, Some(0));
        }
    }
    let folder = world.run_folder();
    let said: crate::world::Said = world.command("compare").arg(&folder).output().unwrap().into();
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.contains("random") && said.out.contains("load_aware"), "{}", said.out);
    let said: crate::world::Said = world
        .command("compare")
        .args(["--format", "csv"])
        .arg(folder.join("attempts.csv"))
        .output()
        .unwrap()
        .into();
    assert_eq!(said.status, Some(0), "{said:?}");
}
