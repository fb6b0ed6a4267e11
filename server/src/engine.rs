//! Carries out what the scheduler decides: attempts on worker threads, probes, timers and rows.
//!
//! Whoever tells the scheduler something carries out one of the attempts that it answers, on the same thread, and
//! hands the others to the pool. In a steady state an attempt that ends therefore starts the next one without waking
//! anybody.

use crate::alarm::Alarm;
use crate::carry;
use crate::core::{Core, Ended, Returned, Todo};
use crate::job::{Job, Tasks};
use crate::journal::to_line;
use crate::ledger::Share;
use crate::means::Means;
use crate::peer::{Kind, Peer};
use crate::standing::Standing;
use journal::entry::Entry;
use records::{TaskRow, Text};
use scheduler::health::Health;
use scheduler::{Attempt, Event, JobId, JobSpec, Micros, NodeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};
use threadpool::ThreadPool;
use wire::job::JobReport;
use wire::membership::EventKind;

/// Stack of a worker: it builds one request and reads one reply.
const WORKER_STACK_BYTES: usize = 256 << 10;

/// The scheduler at work: its lock, its clock, its threads.
#[derive(Debug)]
pub(crate) struct Engine {
    origin: Instant,
    core: Mutex<Core>,
    pub(crate) means: Means,
    jobs: RwLock<BTreeMap<JobId, Arc<Job>>>,
    workers: Mutex<ThreadPool>,
    alarm: Alarm,
    /// Held while a registration is looked at.
    pub(crate) registering: Mutex<()>,
    this: Weak<Engine>,
}

impl Engine {
    /// An engine whose nodes are known and not yet up. Its clock begins at `head_start`, so that a resumed job can have
    /// been submitted before.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(crate) fn start(means: Means, head_start: Duration) -> std::io::Result<Arc<Engine>> {
        let listed = means.peers.all();
        let names: Vec<Text> = listed.iter().map(|peer| Text::clone(&peer.name)).collect();
        let run = Text::clone(&means.run);
        let events = Arc::clone(&means.events);
        let core = Core::new(means.rules.clone(), names, run, events, means.decisions.clone());
        let workers = threadpool::Builder::new()
            .num_threads(1)
            .thread_name("attempt".to_owned())
            .thread_stack_size(WORKER_STACK_BYTES)
            .build();
        let engine = Arc::new_cyclic(|this| Engine {
            origin: origin(head_start),
            core: Mutex::new(core),
            means,
            jobs: RwLock::default(),
            workers: Mutex::new(workers),
            alarm: Alarm::new(),
            registering: Mutex::default(),
            this: Weak::clone(this),
        });
        // Every node gets its number from its place in the list, whichever answers first: one seed, one history.
        for number in 0..listed.len() as u32 {
            engine.tell(Event::NodeListed { node: NodeId(number) });
        }
        let this = Weak::clone(&engine.this);
        engine.alarm.start(engine.origin, move || {
            if let Some(engine) = this.upgrade() {
                engine.tell(Event::TimerFired);
            }
        })?;
        Ok(engine)
    }

    /// Time of the server's run.
    pub(crate) fn now(&self) -> Micros {
        Micros(crate::ledger::micros(self.origin.elapsed()))
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        // A panic in the scheduler is a broken invariant: going on with its state would be worse than stopping.
        self.core.lock().unwrap_or_else(|poisoned| {
            log::error!("the scheduler's state is broken by an earlier panic: restart the server");
            poisoned.into_inner()
        })
    }

    /// Puts a job to work, with the rows of tasks that ended in an earlier life of it.
    pub(crate) fn submit(&self, job: &Arc<Job>, spec: JobSpec, mut earlier: Vec<TaskRow>) {
        self.jobs_mut().insert(job.id, Arc::clone(job));
        let mut core = self.lock();
        let todo = core.submit(Arc::clone(job), spec, &earlier, self.now());
        earlier.retain(|row| job.tells(row));
        self.means.recorder.tasks(earlier);
        self.hand_out(core, todo);
    }

    /// Tells the scheduler something and carries out what it answers on other threads.
    pub(crate) fn tell(&self, event: Event) {
        let mut core = self.lock();
        let todo = core.tell(event, self.now());
        self.hand_out(core, todo);
    }

    /// Tells the scheduler that a node cannot be reached.
    pub(crate) fn tell_unreachable(&self, node: NodeId) {
        let mut core = self.lock();
        let todo = core.tell_unreachable(node, self.now());
        self.hand_out(core, todo);
    }

    /// Enters one more node, which is not up yet; answers its number.
    pub(crate) fn enter(&self, peer: Arc<Peer>) -> NodeId {
        let mut core = self.lock();
        core.add_node(Text::clone(&peer.name));
        // Under the lock: the numbers here and in the scheduler are the same.
        let node = self.means.peers.push(peer);
        let todo = core.tell(Event::NodeListed { node }, self.now());
        self.hand_out(core, todo);
        node
    }

    /// Tasks of an open job arrive; `due` are their intended times since the job's start.
    pub(crate) fn arrive(&self, job: JobId, due: &[u64], max_open: u32) {
        let mut core = self.lock();
        let count = core.note_arrivals(job, due, max_open);
        if count > 0 {
            let todo = core.tell(Event::TasksArrived { job, count }, self.now());
            self.hand_out(core, todo);
        }
    }

    fn hand_out(&self, core: MutexGuard<'_, Core>, todo: Todo) {
        if let Some(first) = self.perform(core, todo) {
            self.spawn(vec![first]);
        }
    }

    /// Gives back an attempt; answers the one that this thread is to carry out next.
    fn settle(&self, returned: Returned) -> Option<Attempt> {
        let mut core = self.lock();
        let todo = core.settle(returned, self.now());
        self.perform(core, todo)
    }

    /// Effects that follow from a change of the core. Returns one of the attempts to start.
    fn perform(&self, core: MutexGuard<'_, Core>, mut todo: Todo) -> Option<Attempt> {
        if let Some(at) = todo.wake.take() {
            // Under the lock: a later decision must not be overtaken by an earlier one.
            self.alarm.set(at);
        }
        drop(core);
        self.note_settled(todo.task_rows.iter().chain(&todo.untold));
        self.means.recorder.tasks(std::mem::take(&mut todo.task_rows));
        self.means.recorder.tasks(std::mem::take(&mut todo.image_rows));
        for ended in todo.ended {
            self.end_job(ended);
        }
        for (job, up) in todo.feeds {
            self.feed(job, up);
        }
        for node in todo.probes {
            self.probe(node);
        }
        let last = todo.starts.pop();
        if !todo.starts.is_empty() {
            self.spawn(todo.starts);
        }
        last
    }

    /// Has the journal remember how tasks ended. Tasks without images are cheaper to do again than to remember.
    fn note_settled<'a>(&self, rows: impl Iterator<Item = &'a TaskRow>) {
        for row in rows.filter(|row| !row.image.is_empty()) {
            let (key, task) = (row.job_key.to_string(), u32::try_from(row.task).unwrap_or(u32::MAX));
            self.means.journal.note(Entry::Settled { key, task, line: to_line(row) });
        }
    }

    /// The end of a job: results and records where they belong, then the journal, then whoever waits.
    fn end_job(&self, ended: Ended) {
        self.jobs_mut().remove(&ended.job.id);
        let (job, mut report) = (ended.job, ended.report);
        self.means.secure(&job);
        if job.is_deposed() {
            report.why = Some(
                "a later submission, or another job, has taken the folder over: ask the server that has it"
                    .to_owned(),
            );
        } else if report.why.is_some() {
            self.explain(&mut report);
        }
        let text = format!("job '{}': {}", job.receipt.job_key, crate::words::job_end(&report));
        log::info!("{text}");
        let this = Weak::clone(&self.this);
        self.means.recorder.job(
            ended.row,
            Box::new(move |written| {
                if let Err(why) = written {
                    let note = format!("the records of this run are incomplete: {why}");
                    report.why = Some(report.why.map_or(note.clone(), |known| format!("{known}; {note}")));
                }
                match this.upgrade() {
                    Some(engine) => engine.means.finish(&job, report),
                    None => job.finish(report),
                }
            }),
        );
    }

    /// Adds to a job's report what is known of the nodes that do not answer.
    fn explain(&self, report: &mut JobReport) {
        let troubles: Vec<String> = self.means.peers.all().iter().filter_map(|peer| peer.trouble()).collect();
        if let (Some(why), false) = (&mut report.why, troubles.is_empty()) {
            *why = format!("{why}; {}", troubles.join("; "));
        }
    }

    /// Looks at the next images of a divided job, on a thread of the pool.
    fn feed(&self, job: Arc<Job>, mut up: Vec<NodeId>) {
        let this = Weak::clone(&self.this);
        let look = move || {
            let Some(engine) = this.upgrade() else { return };
            let Tasks::Folder { folder, transfer, divided: Some(divided), .. } = &job.tasks else { return };
            // Nodes of the original's interface know whole images only.
            up.retain(|node| matches!(engine.means.peers.get(*node).kind(), Kind::Ballast(_)));
            let tell = |fed| {
                let mut core = engine.lock();
                let todo = core.admit(&job, fed, engine.now());
                engine.hand_out(core, todo);
            };
            match divided.next() {
                None => tell(None),
                Some(next) => {
                    let nodes = (&up[..], &engine.means.speeds);
                    divided
                        .look(next, (folder, *transfer), job.words.seed, nodes, &mut |fed| tell(Some(fed)));
                }
            }
        };
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = workers.active_count() + workers.queued_count() + 1;
        if workers.max_count() < wanted {
            workers.set_num_threads(wanted);
        }
        workers.execute(look);
    }

    fn spawn(&self, attempts: Vec<Attempt>) {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        // One thread for each attempt in flight, made when it is first needed and kept; as many again for attempts on
        // nodes that hang, which hold a thread and no place.
        let wanted = (workers.active_count() + workers.queued_count() + attempts.len())
            .min(2 * self.means.fan_out as usize + self.means.peers.count())
            .max(1);
        if workers.max_count() < wanted {
            workers.set_num_threads(wanted);
        }
        for attempt in attempts {
            let this = Weak::clone(&self.this);
            workers.execute(move || {
                if let Some(engine) = this.upgrade() {
                    engine.work(attempt);
                }
            });
        }
    }

    /// A worker's life: one attempt after the other.
    fn work(&self, first: Attempt) {
        let mut next = Some(first);
        while let Some(attempt) = next {
            let job = self.jobs().get(&attempt.job()).cloned();
            let mut deposed = None;
            let returned = match job {
                Some(job) => {
                    let returned = carry::carry_out(&self.means, &job, attempt);
                    self.hold_up_if(returned.is_held_up, &job);
                    if job.is_deposed() {
                        self.tell(Event::JobCancelled { job: job.id });
                    }
                    deposed = job.is_to_be_let_go().then_some(job);
                    returned
                }
                None => carry::unwanted(attempt),
            };
            next = self.settle(returned);
            if let Some(job) = deposed {
                self.let_go(&job);
            }
        }
    }

    /// Another server goes on with the job: this one begins nothing more of it.
    pub(crate) fn let_go(&self, job: &Job) {
        let key = &job.receipt.job_key;
        let text = format!("another server goes on with job {key}: it is let go here");
        log::warn!("{text}");
        self.means.events.note(EventKind::JobDeposed, key, text);
        self.tell(Event::JobCancelled { job: job.id });
    }

    /// Asks a node whether it lives, on a thread of its own: it may take as long as the connection's time-out.
    fn probe(&self, node: NodeId) {
        let (this, peer) = (Weak::clone(&self.this), self.means.peers.get(node));
        let asked = std::thread::Builder::new().name(format!("probe-{}", peer.name)).spawn(move || {
            let greeting = peer.greet();
            let alive = greeting.is_some();
            match (alive, peer.trouble()) {
                (true, _) => log::info!("{} is up again", peer.name),
                (false, Some(trouble)) => log::warn!("{trouble}; it is asked again"),
                (false, None) => {}
            }
            if let Some(engine) = this.upgrade() {
                if let Some(greeting) = greeting {
                    engine.arrived(node, greeting);
                }
                engine.tell(Event::ProbeEnded { node, alive });
            }
        });
        if let Err(error) = asked {
            log::warn!("cannot ask {} whether it lives: {error}", self.means.peers.get(node).name);
            self.tell(Event::ProbeEnded { node, alive: false });
        }
    }

    /// Asks a node who it is, on a thread of its own, unless another question to it is open; gives it work if it
    /// answers.
    pub(crate) fn meet(&self, node: NodeId) {
        let (this, peer) = (Weak::clone(&self.this), self.means.peers.get(node));
        let Some(question) = peer.begin_question() else { return };
        let asked = std::thread::Builder::new().name(format!("meet-{}", peer.name)).spawn(move || {
            let greeting = peer.greet();
            drop(question);
            if let (Some(greeting), Some(engine)) = (greeting, this.upgrade()) {
                log::info!("{} is up", peer.name);
                engine.arrived(node, greeting);
            }
        });
        if let Err(error) = asked {
            log::warn!("cannot ask {} who it is: {error}", self.means.peers.get(node).name);
        }
    }

    fn jobs(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<JobId, Arc<Job>>> {
        self.jobs.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn jobs_mut(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<JobId, Arc<Job>>> {
        self.jobs.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jobs that have not ended.
    pub(crate) fn running(&self) -> Vec<Arc<Job>> {
        self.jobs().values().cloned().collect()
    }

    /// The figures so far of a job that has not ended.
    pub(crate) fn running_report(&self, job: JobId) -> Option<JobReport> {
        self.lock().running_report(job, self.now())
    }

    /// Attempts in flight, standing and totals of each node, and the number of ended jobs.
    pub(crate) fn overview(&self) -> (Vec<(u32, Standing, Share)>, u64) {
        let core = self.lock();
        let nodes = core.scheduler.nodes().all().iter().zip(core.standings.all()).zip(&core.totals);
        let nodes = nodes.map(|((node, standing), share)| (node.in_flight(), *standing, *share)).collect();
        (nodes, core.jobs_ended)
    }

    /// The health of each node.
    pub(crate) fn healths(&self) -> Vec<Health> {
        self.lock().scheduler.nodes().all().iter().map(scheduler::Node::health).collect()
    }

    /// The health of one node.
    pub(crate) fn health(&self, node: NodeId) -> Option<Health> {
        self.lock().scheduler.nodes().get(node).map(scheduler::Node::health)
    }

    /// Ends the alarm's thread. Workers end with their attempts.
    pub(crate) fn close(&self) {
        self.alarm.close();
    }
}

/// The instant at which a clock stood at 0 that now shows `head_start`.
fn origin(head_start: Duration) -> Instant {
    Instant::now().checked_sub(head_start).unwrap_or_else(Instant::now)
}
