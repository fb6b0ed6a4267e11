//! One job from submission to summary, over one server or, when servers are lost, several.

use crate::arguments::{Arguments, draw_job_key};
use crate::bar::Bar;
use crate::error::{ClientError, Status};
use crate::interrupt::Interrupt;
use crate::servers::{Conversation, Trouble, addresses};
use crate::show::harmless;
use crate::summary;
use cluster::Address;
use std::io::Write as _;
use std::time::Duration;
use wire::Credentials;
use wire::job::{JobProgress, JobReceipt, JobReport, JobRequest, JobState};

/// How long the server may hold an answer back in the hope of the job's end. Ctrl-C waits as long.
const POLL: Duration = Duration::from_millis(100);

/// Polls after a cancellation: attempts in flight get half a minute to end.
const MOST_POLLS_AFTER_CANCEL: u32 = 300;

/// Connections to one server, one after the other, before the next server is asked.
const CONNECTIONS_PER_SERVER: u32 = 2;

/// A job that has ended, or that was given up waiting for after its cancellation.
#[derive(Debug)]
struct Ended {
    receipt: JobReceipt,
    report: JobReport,
    interrupted: bool,
}

/// Runs a job as the command line asks for it.
///
/// # Errors
/// If there is no job to tell of: see [`ClientError`].
pub fn run(arguments: &Arguments) -> Result<Status, ClientError> {
    let here = std::env::current_dir().map_err(ClientError::NoCurrentFolder)?;
    let request = arguments.request(draw_job_key(), &here)?;
    let servers = addresses(arguments)?;
    let follower = Follower {
        interrupt: Interrupt::listen().map_err(ClientError::Signals)?,
        quiet: arguments.quiet,
        credentials: arguments.keys.credentials()?,
    };
    let Some(Ended { receipt, report, interrupted }) = follower.any_server(&servers, request)? else {
        return Ok(Status::Interrupted);
    };
    let noun = if arguments.synthetic.is_some() { "task" } else { "image" };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let text = summary::render(&receipt, &report, noun, processors);
    std::io::stdout().write_all(text.as_bytes()).map_err(ClientError::Print)?;
    Ok(summary::status(report.progress.state, interrupted))
}

struct Follower {
    interrupt: Interrupt,
    quiet: bool,
    credentials: Credentials,
}

impl Follower {
    /// Asks one server after the other; none if the user stopped before a server had the job.
    fn any_server(&self, servers: &[Address], mut request: JobRequest) -> Result<Option<Ended>, ClientError> {
        let mut unusable = Vec::new();
        let mut lost = None;
        for server in servers {
            let mut receipt = None;
            for _ in 0..CONNECTIONS_PER_SERVER {
                if self.interrupt.asked() {
                    return Ok(None);
                }
                match self.one_connection(server, &request, &mut receipt) {
                    Ok(ended) => return Ok(Some(ended)),
                    Err(Trouble::Invalid { field, why }) => return Err(ClientError::Invalid { field, why }),
                    Err(Trouble::Unusable(why)) => {
                        unusable.push(why);
                        break;
                    }
                    // The same request again on the same server is the same job, whether it noticed anything or not.
                    Err(Trouble::Lost(why)) => {
                        eprintln!("client: {}; asking again", harmless(&why));
                        lost = Some(why);
                    }
                }
            }
            if let Some(receipt) = receipt {
                // The next server goes on under the same luck, and nodes refuse what the lost one may still send.
                request.seed = Some(receipt.seed);
                request.epoch += 1;
            }
        }
        Err(match lost {
            Some(why) => ClientError::Lost { why, job_key: request.job_key },
            None => ClientError::NoServer(unusable),
        })
    }

    fn one_connection(
        &self,
        server: &Address,
        request: &JobRequest,
        taken: &mut Option<JobReceipt>,
    ) -> Result<Ended, Trouble> {
        let conversation = Conversation::new(server, self.credentials.clone());
        let receipt = conversation.submit(request)?;
        *taken = Some(receipt.clone());
        let bar = Bar::new(receipt.tasks, self.quiet);
        let followed = self.follow(&conversation, &receipt, &bar);
        bar.clear();
        let interrupted = followed?;
        let report = conversation.report(&receipt.job_key)?;
        Ok(Ended { receipt, report, interrupted })
    }

    /// Follows the job to its end; whether the user cut it short.
    fn follow(&self, conversation: &Conversation, receipt: &JobReceipt, bar: &Bar) -> Result<bool, Trouble> {
        let running = |progress: &JobProgress| progress.state == JobState::Running;
        while !self.interrupt.asked() {
            let progress = conversation.progress(&receipt.job_key, POLL)?;
            bar.show(&progress);
            if !running(&progress) {
                return Ok(false);
            }
        }
        bar.say("cancelling the job; once more to leave at once");
        conversation.cancel(&receipt.job_key)?;
        for _ in 0..MOST_POLLS_AFTER_CANCEL {
            let progress = conversation.progress(&receipt.job_key, POLL)?;
            bar.show(&progress);
            if !running(&progress) {
                break;
            }
        }
        Ok(true)
    }
}
