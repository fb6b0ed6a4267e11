//! What the records say of a settled task, as bytes in the journal.

use journal::bytes::{Malformed, Put, Take};
use records::{TaskOutcome, TaskRow, Text};

/// The part of a task's row that the job does not know by itself.
pub(crate) fn to_line(row: &TaskRow) -> Vec<u8> {
    let mut put = Put::default();
    put.byte(match row.outcome {
        TaskOutcome::Done => 1,
        TaskOutcome::Failed => 2,
        TaskOutcome::GivenUp => 3,
        TaskOutcome::Cancelled => 4,
    });
    put.text(&row.reason);
    put.text(&row.node);
    let counts = [row.attempts, row.rejections, row.delays, row.lost].map(u64::from);
    let times = [row.submitted_us, row.started_us, row.ended_us, row.latency_us];
    counts.into_iter().chain(times).for_each(|number| put.number(number));
    put.0
}

/// The row again, for the run `run`.
pub(crate) fn from_line(
    line: &[u8],
    run: Text,
    job_key: Text,
    task: u64,
    image: Text,
) -> Result<TaskRow, Malformed> {
    let mut take = Take(line);
    let outcome = match take.byte()? {
        1 => TaskOutcome::Done,
        2 => TaskOutcome::Failed,
        3 => TaskOutcome::GivenUp,
        4 => TaskOutcome::Cancelled,
        _ => return Err(Malformed("a task's outcome")),
    };
    let (reason, node) = (Text::from(take.text()?), Text::from(take.text()?));
    let mut count = || take.number().map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let (attempts, rejections, delays, lost) = (count()?, count()?, count()?, count()?);
    Ok(TaskRow {
        run,
        job_key,
        task,
        image,
        outcome,
        reason,
        attempts,
        rejections,
        delays,
        lost,
        node,
        submitted_us: take.number()?,
        started_us: take.number()?,
        ended_us: take.number()?,
        latency_us: take.number()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_survives_the_round_trip() {
        let row = TaskRow {
            run: Text::from("run"),
            job_key: Text::from("key"),
            task: 3,
            image: Text::from("größe.png"),
            outcome: TaskOutcome::GivenUp,
            reason: Text::from("no node took it"),
            attempts: 4,
            rejections: 3,
            delays: 2,
            lost: 1,
            node: Text::from("node1"),
            submitted_us: 0,
            started_us: 5,
            ended_us: 9,
            latency_us: 9,
        };
        let line = to_line(&row);
        let again =
            |line: &[u8]| from_line(line, row.run.clone(), row.job_key.clone(), row.task, row.image.clone());
        assert_eq!(again(&line).unwrap(), row);
        for cut in 0..line.len() {
            assert!(again(&line[..cut]).is_err(), "{cut}");
        }
    }
}
