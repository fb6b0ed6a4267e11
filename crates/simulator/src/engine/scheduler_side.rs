//! The driver's half next to the scheduler: what it is told, and its answers carried out.

use super::calendar::What;
use super::flights::{Flight, Stage};
use super::node::Ailment;
use super::{Simulation, node_side};
use crate::Arrivals;
use crate::log;
use crate::observe::{AttemptSeen, JobSeen, Observer};
use luck::Purpose;
use scheduler::{Action, Attempt, Event, JobId, Micros, NodeTimes, Observation, Outcome, TaskEnd, TaskIndex};
use std::time::Duration;

/// How long a probe waits for a node that hangs.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

impl<O: Observer> Simulation<'_, O> {
    /// Tells a scheduler what happened and carries out what it answers.
    pub(super) fn tell(&mut self, side: u32, event: Event) {
        let now = self.calendar.now();
        let log = self.observer.wants_decisions();
        if log {
            log::event(&mut self.observer, now, side, &event);
        }
        // Whoever tells of an attempt's end carries out one of the attempts that are answered, as the server's threads do.
        let mut own = matches!(event, Event::AttemptEnded { .. });
        let mut actions = std::mem::take(&mut self.actions);
        self.schedulers[side as usize].scheduler.handle(now, event, &mut actions);
        for action in actions.drain(..) {
            if log {
                log::action(&mut self.observer, now, side, &action);
            }
            self.perform(side, action, &mut own);
        }
        self.actions = actions;
    }

    /// Carries out an action. `own` is whether a thread is there that would carry out an attempt.
    fn perform(&mut self, side: u32, action: Action, own: &mut bool) {
        match action {
            Action::Start(attempt) => {
                let set_out = if std::mem::take(own) { self.calendar.now() } else { self.hand_over(side) };
                self.start(side, attempt, set_out);
            }
            Action::Cancel { attempt, .. } => self.cancel(side, attempt),
            Action::Probe { node } => {
                let sound = self.nodes[node.index()].ailment;
                let alive = !matches!(sound, Ailment::Crashed | Ailment::Hung);
                let wire = Duration::from_secs_f64(self.scenario.nodes[node.index()].wire.mean());
                let takes = if sound == Ailment::Hung { PROBE_LIMIT } else { wire };
                self.calendar.add(self.calendar.now().after(takes), What::Probed(side, node, alive));
            }
            Action::WakeAt(at) => self.schedulers[side as usize].wake = Some(at),
            Action::TaskEnded { job, task, end } => self.task_ended(job, task, end),
            Action::JobEnded { job, end, counts } => {
                let now = self.calendar.now();
                let job = &mut self.jobs[job.0 as usize];
                job.ended = Some((end, now));
                job.counts = counts;
            }
            Action::JobDrained { job, counts } => self.job_drained(job, counts),
        }
    }

    fn task_ended(&mut self, job: JobId, task: TaskIndex, end: TaskEnd) {
        let now = self.calendar.now();
        let plan = &self.scenario.jobs[job.0 as usize];
        let own = &mut self.jobs[job.0 as usize];
        if let Some(seen) = own.tasks.end(job.0 as u32, task.0, end, now) {
            if task.0 >= plan.warm_up {
                own.summary.hear(&seen);
            }
            self.observer.task(&seen);
        }
        if let Arrivals::Closed { think, .. } = &plan.arrivals
            && own.to_send > 0
        {
            let thought = think.draw(plan.spec.seed.coin(Purpose::Arrival, u64::from(task.0), 1));
            self.calendar.add(now.after(thought), What::Thought(job.0 as u32));
        }
    }

    fn job_drained(&mut self, id: JobId, counts: scheduler::JobCounts) {
        let plan = &self.scenario.jobs[id.0 as usize];
        let job = &mut self.jobs[id.0 as usize];
        job.counts = counts;
        self.open_jobs -= 1;
        if let Some((end, at)) = job.ended {
            self.observer.job(&JobSeen {
                job: id.0 as u32,
                end,
                counts,
                submitted: plan.start,
                ended: at,
                dropped: job.dropped,
                nodes: job.attempts_by_node.iter().filter(|&&attempts| attempts > 0).count() as u32,
                attempts_by_node: &job.attempts_by_node,
                seed: plan.spec.seed,
                admission: plan.spec.strategy.admission,
            });
        }
    }

    pub(super) fn submit(&mut self, index: u32) {
        let plan = &self.scenario.jobs[index as usize];
        let now = self.calendar.now();
        let job = &mut self.jobs[index as usize];
        if std::mem::replace(&mut job.submitted, true) {
            // The horizon came first.
            return;
        }
        let mut spec = plan.spec.clone();
        let at_once = if let Arrivals::AllAtOnce { tasks } = plan.arrivals { Some(tasks) } else { None };
        spec.tasks = at_once.unwrap_or(0);
        spec.sealed = at_once.is_some() || plan.arrivals.tasks() == 0;
        (0..spec.tasks).for_each(|_| job.tasks.arrive(now));
        if let Arrivals::Closed { clients, think, tasks } = &plan.arrivals {
            job.to_send = *tasks;
            for client in 0..*clients.min(tasks) {
                let thought = think.draw(plan.spec.seed.coin(Purpose::Arrival, u64::from(client), 0));
                self.calendar.add(now.after(thought), What::Thought(index));
            }
        } else if let Some(at) = job.arrivals.next(&plan.arrivals) {
            self.calendar.add(at, What::Arrival(index));
        }
        self.tell(plan.scheduler, Event::JobSubmitted { job: JobId(u64::from(index)), spec });
    }

    /// The next task of an open job comes, whatever became of those before it.
    pub(super) fn arrival(&mut self, index: u32) {
        let plan = &self.scenario.jobs[index as usize];
        let job = &mut self.jobs[index as usize];
        if job.ended.is_some() {
            return;
        }
        let next = job.arrivals.next(&plan.arrivals);
        if let Some(at) = next {
            self.calendar.add(at, What::Arrival(index));
        }
        if plan.max_open.is_some_and(|bound| job.tasks.open() >= bound) {
            job.dropped += 1;
        } else {
            self.one_more(index);
        }
        if next.is_none() {
            self.tell(plan.scheduler, Event::JobSealed { job: JobId(u64::from(index)) });
        }
    }

    /// A client of a closed job sends its next task, if there is one left.
    pub(super) fn send_closed(&mut self, index: u32) {
        let job = &mut self.jobs[index as usize];
        if job.to_send == 0 || job.ended.is_some() {
            return;
        }
        job.to_send -= 1;
        let last = job.to_send == 0;
        self.one_more(index);
        if last {
            let side = self.scenario.jobs[index as usize].scheduler;
            self.tell(side, Event::JobSealed { job: JobId(u64::from(index)) });
        }
    }

    fn one_more(&mut self, index: u32) {
        self.jobs[index as usize].tasks.arrive(self.calendar.now());
        let side = self.scenario.jobs[index as usize].scheduler;
        self.tell(side, Event::TasksArrived { job: JobId(u64::from(index)), count: 1 });
    }

    /// When the next attempt that is handed to another thread is there.
    fn hand_over(&mut self, side: u32) -> Micros {
        let own = &mut self.schedulers[side as usize];
        own.handed_over = own.handed_over.max(self.calendar.now()).after(self.scenario.hand_over);
        own.handed_over
    }

    /// Sends an attempt on its way, at `set_out`.
    fn start(&mut self, side: u32, attempt: Attempt, set_out: Micros) {
        let now = self.calendar.now();
        let (index, node) = (attempt.job().0 as usize, attempt.node().0);
        let (task, number) = (attempt.task().0, attempt.number());
        let (plan, job) = (&self.scenario.jobs[index], &mut self.jobs[index]);
        let recorded = plan.recorded_wire.as_ref().and_then(|wire| wire.get(&(task, number)).copied());
        let wire = recorded.unwrap_or_else(|| {
            let coin = plan.spec.seed.coin(Purpose::Network, u64::from(task), u64::from(number));
            self.scenario.nodes[node as usize].wire.draw(coin)
        });
        let out = Duration::from_micros(wire.as_micros() as u64 / 2);
        self.nodes[node as usize].totals.attempts += 1;
        job.attempts_by_node[node as usize] += 1;
        job.tasks.started(task, now);
        let id = attempt.id();
        let flight = self.flights.insert(Flight {
            attempt: Some(attempt),
            stamp: 0,
            stage: Stage::Outward,
            job: index as u32,
            node,
            task,
            number,
            set_out,
            back: wire - out,
            reached: now,
            entered: now,
            delay: Duration::ZERO,
            service: Duration::ZERO,
            outcome: Outcome::Done,
            reason: "",
        });
        self.schedulers[side as usize].by_number.insert(id, flight.slot);
        if let Some((limit, lane)) = job.lane.map(|lane| &mut self.limits[lane]) {
            lane.push_back((now.after(*limit), side, id));
        }
        let reached = set_out.after(out);
        if reached == now {
            self.reached(flight);
        } else {
            self.calendar.add(reached, What::Reached(flight));
        }
    }

    /// When the next attempt of a lane is due, those that have ended left out.
    pub(super) fn next_limit(&mut self, lane: usize) -> Option<scheduler::Micros> {
        let queue = &mut self.limits[lane].1;
        while let Some(&(at, side, id)) = queue.front() {
            if self.schedulers[side as usize].by_number.get(id).is_some() {
                return Some(at);
            }
            queue.pop_front();
        }
        None
    }

    /// The driver gives an attempt up. The node knows nothing of it and goes on.
    pub(super) fn limit_reached(&mut self, lane: usize) {
        let Some((_, side, id)) = self.limits[lane].1.pop_front() else { return };
        let Some(slot) = self.schedulers[side as usize].by_number.get(id) else { return };
        let flight = self.flights.named(slot);
        let stuck = self.flights.get(flight).is_some_and(|known| known.stage == Stage::Stuck);
        self.give_back(flight, Outcome::TimedOut, node_side::NO_ANSWER);
        if stuck {
            self.flights.remove(flight);
        }
    }

    /// Ends an attempt for its scheduler, unless that was done before.
    pub(super) fn give_back(
        &mut self,
        flight: super::calendar::FlightRef,
        outcome: Outcome,
        reason: &'static str,
    ) {
        let now = self.calendar.now();
        let Some(known) = self.flights.get(flight) else { return };
        let Some(attempt) = known.attempt.take() else { return };
        let done = outcome == Outcome::Done;
        let times = NodeTimes {
            queue: known.entered.since(known.reached),
            delay: known.delay,
            service: known.service,
        };
        let seen = AttemptSeen {
            job: known.job,
            task: known.task,
            number: known.number,
            node: known.node,
            outcome,
            reason,
            begun: attempt.started(),
            total: now.since(known.set_out),
            times: if done { times } else { NodeTimes::default() },
        };
        let totals = &mut self.nodes[known.node as usize].totals;
        match outcome {
            Outcome::Done => totals.done += 1,
            Outcome::Lost(_) | Outcome::TimedOut => totals.lost += 1,
            Outcome::Rejected | Outcome::Failed | Outcome::Cancelled => {}
        }
        let side = self.scenario.jobs[known.job as usize].scheduler;
        self.schedulers[side as usize].by_number.remove(attempt.id());
        self.jobs[seen.job as usize].tasks.attempt_ended(&seen);
        self.observer.attempt(&seen);
        let observation = Observation { outcome, round_trip: seen.total, node: done.then_some(times) };
        self.tell(side, Event::AttemptEnded { attempt, observation });
    }
}
