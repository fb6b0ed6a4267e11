//! A server: the product's scheduler, journal and publication over the modelled folder.
//!
//! What is modelled is the glue: when it looks, asks, writes and answers, as the product's server does. Between any two
//! steps the process may end or hang ([`World::pause`]).

mod attempts;
mod jobs;
mod paper;
mod shelf;

use crate::Bug;
use crate::medium::MemoryMedium;
use crate::promises::key_of;
use crate::world::{Event, World};
use journal::book::Book;
use journal::entry::Entry;
use journal::log::Log;
pub(crate) use paper::book_of;
use scheduler::{
    Action, Attempt, Event as Said, JobEnd, JobId, Micros, NodeFacts, NodeId, Outcome, Scheduler, Settings,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) up: bool,
    pub(crate) hung: bool,
    /// Stopped between two steps.
    pub(crate) busy: bool,
    pub(crate) incarnation: u64,
    pub(crate) log: Option<Log<MemoryMedium>>,
    /// The journal while the server is down.
    pub(crate) medium: MemoryMedium,
    pub(crate) book: Book,
    gathered: Vec<Entry>,
    scheduler: Scheduler,
    jobs: BTreeMap<usize, Job>,
    /// Attempts in flight: by the job's number here, task and attempt.
    tokens: BTreeMap<(JobId, u32, u32), Attempt>,
    next_job: u64,
    /// The highest number that an owner's file of this server ever had.
    takes: u64,
    pub(crate) held: Vec<Event>,
    pub(crate) full_until: u64,
    pub(crate) fails_to_confirm: bool,
    pub(crate) leap_us: u64,
}

/// How often a server that gives a folder back hangs over it.
const LINGERS: f64 = 0.2;

/// How often a thread that waited for a lock finds that others have gone on.
const SWITCHES: f64 = 0.8;

/// One life of a job at one process: who is deposed and gets the job again begins another.
#[derive(Debug)]
struct Job {
    id: JobId,
    epoch: u64,
    claimed: BTreeSet<u32>,
    /// The scheduler has ended it.
    closed: Option<JobEnd>,
    deposed: bool,
    /// Its end is in the journal.
    ended: bool,
    rows: BTreeSet<u32>,
}

/// Why a step was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The process is gone.
    Gone,
    /// The disk is full, or a name is missing.
    Failed,
}

impl Server {
    pub(crate) fn new() -> Server {
        Server {
            up: false,
            hung: false,
            busy: false,
            incarnation: 0,
            log: None,
            medium: MemoryMedium::new(),
            book: Book::new(usize::MAX),
            gathered: Vec::new(),
            scheduler: Scheduler::new(Settings::default()),
            jobs: BTreeMap::new(),
            tokens: BTreeMap::new(),
            next_job: 0,
            takes: 0,
            held: Vec::new(),
            full_until: 0,
            fails_to_confirm: false,
            leap_us: 0,
        }
    }

    /// What its journal holds at this moment, whether it lives or not.
    fn journal_bytes(&self) -> &[u8] {
        self.log.as_ref().map_or(&self.medium.bytes, |log| &log.medium().bytes)
    }
}

impl World {
    fn is_alive(&self, server: usize, incarnation: u64) -> bool {
        self.servers[server].up && self.servers[server].incarnation == incarnation && self.broken.is_none()
    }

    /// A moment between two steps: the process may end or hang here, and the others live on.
    pub(crate) fn pause(&mut self, server: usize, incarnation: u64) -> Result<(), Stop> {
        if !self.is_alive(server, incarnation) {
            return Err(Stop::Gone);
        }
        if self.is_troubled() && self.chance.happens(self.terms.trouble) {
            self.story.faults += 1;
            match self.chance.below(10) {
                0..4 => self.kill_server(server),
                4 => self.cut_power(),
                _ if self.depth < 2 => self.hang_between_steps(server, incarnation),
                _ => {}
            }
        }
        if self.is_alive(server, incarnation) { Ok(()) } else { Err(Stop::Gone) }
    }

    /// A pause that is long more often than others: what follows would harm who came meanwhile, if it could.
    pub(crate) fn linger(&mut self, server: usize, incarnation: u64) -> Result<(), Stop> {
        self.pause(server, incarnation)?;
        if self.is_troubled() && self.depth < 2 && self.chance.happens(LINGERS) {
            self.hang_between_steps(server, incarnation);
        }
        if self.is_alive(server, incarnation) { Ok(()) } else { Err(Stop::Gone) }
    }

    /// A moment in which other threads of the same process go on, besides everybody else.
    pub(crate) fn switch(&mut self, server: usize, incarnation: u64) -> Result<(), Stop> {
        self.pause(server, incarnation)?;
        if self.is_troubled() && self.depth < 2 && self.chance.happens(SWITCHES) {
            let until = self.now + self.chance.pick(&[1_000, 500_000, 2_000_000]);
            self.say(|| format!("other threads of server {server} go on until {until} us"));
            self.depth += 1;
            self.run_until(until);
            self.depth -= 1;
        }
        if self.is_alive(server, incarnation) { Ok(()) } else { Err(Stop::Gone) }
    }

    fn hang_between_steps(&mut self, server: usize, incarnation: u64) {
        let until = self.now + self.chance.pick(&[1_000, 500_000, 4_000_000, 12_000_000]);
        self.say(|| format!("server {server} hangs between two steps until {until} us"));
        self.depth += 1;
        self.servers[server].busy = true;
        self.run_until(until);
        self.depth -= 1;
        if self.is_alive(server, incarnation) {
            self.say(|| format!("server {server} goes on"));
            self.servers[server].busy = false;
            self.let_go(server);
        }
    }

    pub(crate) fn kill_server(&mut self, server: usize) {
        let dying = &mut self.servers[server];
        if !dying.up {
            return;
        }
        let medium = dying.log.take().map_or_else(MemoryMedium::new, |log| log.medium().reborn());
        let kept = Server { incarnation: dying.incarnation, full_until: dying.full_until, ..Server::new() };
        *dying = Server { medium, ..kept };
        let at = self.now + self.chance.between(10_000, self.terms.longest_restart_us);
        self.say(|| format!("server {server} ends"));
        self.at(at, Event::ServerUp { server });
    }

    /// A process starts: it replays its journal and goes on with unfinished jobs.
    pub(crate) fn start_server(&mut self, server: usize) {
        if self.servers[server].up {
            return;
        }
        self.incarnations += 1;
        let incarnation = self.incarnations;
        let Some((log, book)) = self.open_journal(server) else { return };
        let starting = &mut self.servers[server];
        starting.up = true;
        starting.incarnation = incarnation;
        self.homes.insert(incarnation, server);
        let starting = &mut self.servers[server];
        starting.log = Some(log);
        starting.book = book.clone();
        self.say(|| format!("server {server} is up as process {incarnation}"));
        self.check_promised(server);
        for node in 0..self.nodes.len() as u32 {
            let facts = NodeFacts { slots: 2, ..NodeFacts::default() };
            self.tell(server, Said::NodeJoined { node: NodeId(node), facts });
        }
        for job in 0..self.clients.len() {
            let Some(kept) = book.job(&key_of(job)) else { continue };
            if !self.is_alive(server, incarnation) {
                return;
            }
            self.resume(server, job, kept);
        }
    }

    /// The journal, repaired and written anew, and what it tells.
    fn open_journal(&mut self, server: usize) -> Option<(Log<MemoryMedium>, Book)> {
        let medium = self.servers[server].medium.clone();
        let bytes = medium.bytes.clone();
        let (mut replayed, book) = match book_of(&bytes) {
            Ok(told) => told,
            Err(error) => {
                self.break_promise(format!("server {server} cannot start: {error}"));
                return None;
            }
        };
        if self.bug == Bug::NoTailCut && replayed.end > 0 {
            replayed.end = bytes.len();
        }
        let mut log = Log::resume(medium, &replayed, bytes.len() as u64).ok()?;
        if self.bug != Bug::NoTailCut {
            log.compact(&book.snapshot()).ok()?;
        }
        Some((log, book))
    }

    pub(crate) fn server_hears(&mut self, server: usize, event: Event) {
        let here = self.servers[server].incarnation;
        match event {
            Event::Submitted { job, epoch, .. } => {
                if let Some(heard) = self.submitted(server, job, epoch)
                    && self.is_alive(server, here)
                {
                    self.send(Event::Told { server, job, epoch, heard });
                }
            }
            Event::Answered { call, came } if call.incarnation == here || self.bug == Bug::NoIncarnation => {
                self.answered(server, &call, came);
            }
            Event::Deadline { call } if call.incarnation == here => {
                self.give_back_token(server, &call, Outcome::TimedOut);
            }
            Event::Timer { incarnation, .. } if incarnation == here => self.tell(server, Said::TimerFired),
            Event::EndAgain { incarnation, job, .. } if incarnation == here => self.end_again(server, job),
            Event::Probed { incarnation, node, .. } if incarnation == here => {
                let probed = &self.nodes[node as usize];
                let alive = probed.up && !probed.hung;
                if alive {
                    self.tell(server, Said::NodeJoined { node: NodeId(node), facts: NodeFacts::default() });
                }
                self.tell(server, Said::ProbeEnded { node: NodeId(node), alive });
            }
            _ => {}
        }
    }

    fn tell(&mut self, server: usize, said: Said) {
        let incarnation = self.servers[server].incarnation;
        let now = Micros(self.now + self.servers[server].leap_us);
        let mut actions = Vec::new();
        self.servers[server].scheduler.handle(now, said, &mut actions);
        for action in actions {
            if !self.is_alive(server, incarnation) {
                return;
            }
            self.perform(server, action);
        }
    }

    fn perform(&mut self, server: usize, action: Action) {
        let incarnation = self.servers[server].incarnation;
        let number = |this: &World, id: JobId| {
            this.servers[server].jobs.iter().find(|(_, job)| job.id == id).map(|(&number, _)| number)
        };
        match action {
            Action::Start(attempt) => {
                let Some(job) = number(self, attempt.job()) else { return };
                self.begin(server, job, attempt);
            }
            Action::Probe { node } => {
                let at = self.now + 20_000;
                self.at(at, Event::Probed { server, incarnation, node: node.0 });
            }
            Action::WakeAt(at) => {
                let at = at.0.saturating_sub(self.servers[server].leap_us).max(self.now + 1);
                self.at(at, Event::Timer { server, incarnation });
            }
            Action::TaskEnded { job, task, .. } => {
                let Some(number) = number(self, job) else { return };
                if !self.job(server, number).rows.insert(task.0) {
                    self.break_promise(format!("task {} of job {number} ended twice", task.0));
                }
                let entry = Entry::Settled { key: key_of(number), task: task.0, line: Vec::new() };
                self.servers[server].gathered.push(entry);
            }
            Action::JobEnded { job, end, .. } => {
                let Some(number) = number(self, job) else { return };
                self.job(server, number).closed = Some(end);
                self.write_end(server, number, job);
            }
            Action::Cancel { .. } | Action::JobDrained { .. } => {}
        }
    }
}
