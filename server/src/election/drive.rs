//! The thread that leads or follows: what the candidate learns becomes what the server does.

use super::candidate::{Candidate, Step};
use super::etcd::Etcd;
use super::handover::{Handover, known};
use super::{Leadership, Me, Place, Standing};
use crate::service::Service;
use journal::book::Book;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wire::Credentials;
use wire::job::{JobRequest, ServerService as _, SubmitError};
use wire::membership::EventKind;

/// Time between two steps: a few of them fit into a lease.
const TICK: Duration = Duration::from_millis(400);

/// The running election. Dropping it gives the lead up.
#[derive(Debug)]
pub(crate) struct Election {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Election {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It cannot fail but by a panic, after which the lease ends by itself.
            let _ = thread.join();
        }
    }
}

/// Takes part in the election as `me`. `book` is what the journal knows; its unfinished jobs go on when this server leads
/// and nobody else has led since. Takes the first step before it returns, so that a server without rivals leads at once.
///
/// # Errors
/// If the system refuses a thread.
pub(crate) fn start(
    (service, leadership): (&Arc<Service>, Arc<Leadership>),
    (place, me): (Place, Me),
    credentials: Credentials,
    book: Book,
) -> io::Result<Election> {
    let candidate = Candidate::new(Etcd::new(place), me.clone());
    let (service, handover) = (Arc::downgrade(service), Handover::new(credentials));
    let mut part = Part {
        candidate,
        me,
        service,
        leadership,
        handover,
        book: Some(book),
        own: Vec::new(),
        told: String::new(),
    };
    part.step();
    let over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&over);
    let thread = thread::Builder::new().name("election".to_owned()).spawn(move || {
        while !ends.load(Ordering::Acquire) && part.step() {
            thread::park_timeout(TICK);
        }
        part.candidate.resign();
    })?;
    Ok(Election { over, thread: Some(thread) })
}

/// This server's part in the election.
struct Part {
    candidate: Candidate<Etcd>,
    me: Me,
    service: Weak<Service>,
    leadership: Arc<Leadership>,
    handover: Handover,
    /// What the journal knew at the start, until this server leads for the first time.
    book: Option<Book>,
    /// Jobs that this server let go when it lost the lead.
    own: Vec<JobRequest>,
    /// What was logged last of what others do: the same is not said again.
    told: String,
}

impl Part {
    /// One step; false when the server is gone.
    fn step(&mut self) -> bool {
        let Some(service) = self.service.upgrade() else { return false };
        match self.candidate.step(Instant::now) {
            Step::Won { term, before, until } => {
                self.told.clear();
                // Before clients are let in: they would begin anew what is only to go on.
                self.begin(&service, term, before);
                self.leadership.set(Standing::Leads { term, until });
                log::warn!("this server leads, in term {term}");
            }
            Step::Leads { term, until } => self.leadership.set(Standing::Leads { term, until }),
            Step::Ended(why) => {
                self.leadership.set(Standing::Follows(None));
                log::warn!("this server leads no more: {why}");
                self.own.extend(service.let_all_go());
            }
            Step::Follows(leader) => {
                self.tell(
                    leader
                        .as_ref()
                        .map_or_else(String::new, |leader| format!("the server at {leader} leads")),
                );
                // One that came in while the lead was lost.
                self.own.extend(service.let_all_go());
                if let Some(leader) = leader.as_ref().filter(|leader| **leader != self.me.address) {
                    for key in self.handover.look(leader) {
                        let text = format!("job {key} of the leader at {leader} is watched here");
                        service.note(EventKind::JobWatched, &key, text);
                    }
                }
                self.leadership.set(Standing::Follows(leader));
            }
            Step::Unknown(why) => {
                self.leadership.set(Standing::Follows(None));
                self.tell(format!("it is not known which server leads: {why}"));
            }
        }
        true
    }

    fn tell(&mut self, what: String) {
        if !what.is_empty() && what != self.told {
            log::warn!("{what}");
            self.told = what;
        }
    }

    /// Goes on with the jobs of who led before.
    fn begin(&mut self, service: &Service, term: u64, before: Option<String>) {
        let (mut jobs, own) = (self.handover.take(), std::mem::take(&mut self.own));
        let alone = before.is_none_or(|before| before == self.me.name);
        match (self.book.take(), alone) {
            (Some(book), true) => service.go_on_with(&book),
            (Some(book), false) => service.forget_unfinished(&book),
            (None, true) => jobs.extend(own),
            // Who led meanwhile went on with them.
            (None, false) => {}
        }
        for request in jobs {
            let key = request.job_key.clone();
            match service.take(JobRequest { epoch: request.epoch.max(term), ..request }) {
                Ok(_) => {
                    let text = format!("job {key} of the leader before goes on here");
                    log::warn!("{text}");
                    service.note(EventKind::JobFailedOver, &key, text);
                }
                Err(error) => log::error!("job {key} of the leader before cannot go on here: {error}"),
            }
        }
    }
}

impl Service {
    /// A submission as this server may take it.
    pub(crate) fn led(&self, request: JobRequest) -> Result<JobRequest, SubmitError> {
        match &self.terms.leadership {
            Some(leadership) => leadership.admit(request),
            None => Ok(request),
        }
    }

    /// Begins nothing more of any job; answers them as whoever goes on with them begins them.
    fn let_all_go(&self) -> Vec<JobRequest> {
        let running = self.jobs(true).into_iter().map(|job| known(job).1).collect();
        for job in self.unfinished() {
            if !job.is_deposed() && !job.is_closed() {
                job.depose();
                if job.is_to_be_let_go() {
                    self.engine.let_go(&job);
                }
            }
        }
        running
    }
}
