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
use std::thread;
use std::time::{Duration, Instant};
use wire::Credentials;
use wire::job::{JobProgress, JobReceipt, JobReport, JobRequest, JobState};

/// How long the server may hold an answer back in the hope of the job's end. Ctrl-C waits as long.
const POLL: Duration = Duration::from_millis(100);

/// Polls without any progress after which the user is told why, and how many polls later again.
const FIRST_STUCK_POLLS: u32 = 10;
const STUCK_POLLS: u32 = 600;

/// Polls after a cancellation: attempts in flight get half a minute to end.
const MOST_POLLS_AFTER_CANCEL: u32 = 300;

/// Pauses while no server goes on with the job.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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
    arguments.log.start(log::LevelFilter::Warn)?;
    let here = std::env::current_dir().map_err(ClientError::NoCurrentFolder)?;
    let request = arguments.request(draw_job_key(), &here)?;
    let servers = addresses(arguments)?;
    let follower = Follower {
        interrupt: Interrupt::listen().map_err(ClientError::Signals)?,
        quiet: arguments.quiet,
        credentials: arguments.keys.credentials()?,
        server_wait: arguments.server_wait,
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
    /// How long to look for a server that goes on with the job.
    server_wait: Duration,
}

/// What servers have said while one is searched for.
#[derive(Default)]
struct Heard {
    /// What is known of the server that had the job last.
    lost: Option<String>,
    /// Why no server took the job, the last time that all were asked.
    refusals: Vec<String>,
    /// The last refusal that the user was told of.
    said: String,
}

impl Heard {
    /// Tells the user of a refusal that passes, unless it is the last one again.
    fn say_once(&mut self, why: &str, longest: Duration) {
        log::info!("{}; asking again", harmless(why));
        if self.said != why {
            why.clone_into(&mut self.said);
            let longest = humantime::format_duration(longest);
            eprintln!("client: {}; asking again for {longest} at most", harmless(why));
        }
    }
}

/// The search for a server that goes on with a job: when it began, and how long the next pause is.
struct Search {
    began: Instant,
    pause: Duration,
}

impl Search {
    fn begin() -> Search {
        Search { began: Instant::now(), pause: SHORTEST_PAUSE }
    }

    /// Pauses, longer every time; false when it is over.
    fn goes_on(&mut self, longest: Duration, interrupt: &Interrupt) -> bool {
        let left = longest.saturating_sub(self.began.elapsed());
        let end = Instant::now() + self.pause.min(left);
        while Instant::now() < end && !interrupt.asked() {
            thread::sleep(SHORTEST_PAUSE.min(end.saturating_duration_since(Instant::now())));
        }
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        !left.is_zero()
    }
}

/// A job that does not get on: after a while its report is asked for the reason, now and then.
#[derive(Default)]
struct Stuck {
    before: Option<(u64, u64)>,
    polls: u32,
}

impl Stuck {
    /// Whether the job is where it was for a whole number of minutes, or for the first moment of that.
    fn is_long(&mut self, progress: &JobProgress) -> bool {
        let now = (progress.done + progress.failed, progress.attempts);
        if progress.in_flight > 0 || self.before != Some(now) {
            (self.before, self.polls) = (Some(now), 0);
        }
        self.polls += 1;
        self.polls == FIRST_STUCK_POLLS || self.polls.is_multiple_of(STUCK_POLLS)
    }
}

impl Follower {
    /// Asks one server after the other, and all of them again while the job may be with one that is lost; none if the
    /// user stopped before a server had the job.
    fn any_server(&self, servers: &[Address], mut request: JobRequest) -> Result<Option<Ended>, ClientError> {
        let mut search = Search::begin();
        let mut heard = Heard::default();
        loop {
            let ended = self.each_server(servers, &mut request, &mut heard, &mut search)?;
            if ended.is_some() || self.interrupt.asked() {
                return Ok(ended);
            }
            if !search.goes_on(self.server_wait, &self.interrupt) {
                return Err(match heard.lost {
                    Some(why) => ClientError::Lost { why, job_key: request.job_key },
                    None => ClientError::NoServer(heard.refusals),
                });
            }
        }
    }

    /// Asks each server once; none if none goes on with the job, or the user wants to stop.
    fn each_server(
        &self,
        servers: &[Address],
        request: &mut JobRequest,
        heard: &mut Heard,
        search: &mut Search,
    ) -> Result<Option<Ended>, ClientError> {
        let mut refusals = Vec::new();
        let mut passes = false;
        for server in servers {
            let mut receipt = None;
            let mut may_have_it = false;
            for _ in 0..CONNECTIONS_PER_SERVER {
                if self.interrupt.asked() {
                    return Ok(None);
                }
                let began = Instant::now();
                match self.one_connection(server, request, &mut receipt) {
                    Ok(ended) => return Ok(Some(ended)),
                    Err(Trouble::Invalid { field, why }) => return Err(ClientError::Invalid { field, why }),
                    Err(Trouble::Unusable(why)) => {
                        log::info!("job '{}': {}; asking the next server", request.job_key, harmless(&why));
                        refusals.push(why);
                        break;
                    }
                    Err(Trouble::NotNow(why)) => {
                        heard.say_once(&why, self.server_wait);
                        passes = true;
                        refusals.push(why);
                        break;
                    }
                    // The same request again on the same server is the same job, whether it noticed anything or not.
                    Err(Trouble::Lost(why)) => {
                        eprintln!("client: {}; asking again", harmless(&why));
                        log::info!("job '{}': {}; asking again", request.job_key, harmless(&why));
                        if receipt.is_some() && began.elapsed() >= LONGEST_PAUSE {
                            // It had the job for a while: this is another loss, with a search of its own.
                            *search = Search::begin();
                        }
                        heard.lost = Some(why);
                        may_have_it = true;
                    }
                    Err(Trouble::Interrupted) => return Ok(None),
                }
            }
            // The next server goes on under the same luck, and nodes refuse what the lost one may still send.
            if let Some(receipt) = receipt {
                request.seed = Some(receipt.seed);
            }
            request.epoch += u64::from(may_have_it);
        }
        // Nobody has had the job: there is nothing to wait for.
        if heard.lost.is_none() && !passes {
            return Err(ClientError::NoServer(refusals));
        }
        heard.refusals = refusals;
        Ok(None)
    }

    fn one_connection(
        &self,
        server: &Address,
        request: &JobRequest,
        taken: &mut Option<JobReceipt>,
    ) -> Result<Ended, Trouble> {
        let conversation = Conversation::new(server, self.credentials.clone());
        conversation.check()?;
        let receipt = conversation.submit(request, &self.interrupt)?;
        *taken = Some(receipt.clone());
        log::info!(
            "job '{}': {server} takes it as epoch {}: {} tasks, {} by {}, seed {}, records in {:?}",
            receipt.job_key,
            request.epoch,
            receipt.tasks,
            receipt.operation,
            receipt.strategy,
            receipt.seed,
            receipt.run_folder
        );
        let bar = Bar::new(receipt.tasks, self.quiet);
        let followed = self.follow(&conversation, &receipt, &bar);
        bar.clear();
        let interrupted = followed?;
        let report = conversation.report(&receipt.job_key)?;
        let progress = &report.progress;
        log::info!(
            "job '{}': {:?}, {} of {} done in {:?}, {} attempts",
            receipt.job_key,
            progress.state,
            progress.done,
            progress.tasks,
            progress.elapsed,
            progress.attempts
        );
        Ok(Ended { receipt, report, interrupted })
    }

    /// Follows the job to its end; whether the user cut it short.
    fn follow(&self, conversation: &Conversation, receipt: &JobReceipt, bar: &Bar) -> Result<bool, Trouble> {
        let running = |progress: &JobProgress| progress.state == JobState::Running;
        let mut stuck = Stuck::default();
        while !self.interrupt.asked() {
            let progress = match conversation.progress(&receipt.job_key, POLL, &self.interrupt) {
                Err(Trouble::Interrupted) => break,
                other => other?,
            };
            bar.show(&progress);
            if !running(&progress) {
                return Ok(false);
            }
            if stuck.is_long(&progress)
                && let Some(why) = conversation.report(&receipt.job_key)?.why
            {
                bar.say(&harmless(&why));
            }
        }
        bar.say("cancelling the job; once more to leave at once");
        conversation.cancel(&receipt.job_key)?;
        for _ in 0..MOST_POLLS_AFTER_CANCEL {
            let progress = conversation.progress(&receipt.job_key, POLL, &self.interrupt)?;
            bar.show(&progress);
            if !running(&progress) {
                break;
            }
        }
        Ok(true)
    }
}
