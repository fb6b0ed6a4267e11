//! Jobs that are submitted, grow, end and drain.

use super::Scheduler;
use crate::job::Job;
use crate::policy::Stale;
use crate::timers::Due;
use crate::{Action, GiveUp, JobEnd, JobId, JobSpec, Micros, NodeId, TaskEnd};

impl Scheduler {
    pub(super) fn submit(&mut self, id: JobId, spec: JobSpec, now: Micros, actions: &mut Vec<Action>) {
        assert!(!self.jobs.contains_key(&id), "job {} is submitted twice", id.0);
        #[expect(clippy::expect_used, reason = "a Strategy exists only if its policy could be built")]
        let mut policy =
            spec.strategy.build().expect("the parameters were checked when the strategy was parsed");
        if let Some(period) = self.settings.stale {
            policy = Box::new(Stale::new(policy, period));
        }
        for &node in self.nodes.eligible() {
            let entry = &self.nodes.all()[node.index()];
            policy.node_up(node, &entry.facts, entry.in_flight);
        }
        self.timers.add(now.after(spec.retry.patience), Due::Patience(id));
        self.jobs.insert(id, Job::new(spec, policy, now));
        self.running.push(id);
        self.end_if_complete(id, actions);
    }

    pub(super) fn arrive(&mut self, id: JobId, count: u32, now: Micros) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.ended && !job.spec.sealed) {
            if job.counts.in_flight() == 0 && job.ready.is_empty() {
                // Patience counts from when there is something to do.
                job.last_progress = now;
            }
            job.add_tasks(count);
        }
    }

    pub(super) fn place(&mut self, id: JobId, homes: &[Option<NodeId>], now: Micros) {
        let before = self.jobs.get(&id).map_or(0, |job| job.counts.tasks);
        self.arrive(id, u32::try_from(homes.len()).unwrap_or(u32::MAX), now);
        if let Some(job) = self.jobs.get_mut(&id) {
            // A sealed job has taken none of them.
            for (task, home) in job.tasks.newest((job.counts.tasks - before) as usize).zip(homes) {
                if let Some(task) = job.tasks.get_mut(task) {
                    task.home = *home;
                }
            }
        }
    }

    pub(super) fn seal(&mut self, id: JobId, actions: &mut Vec<Action>) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.spec.sealed = true;
            self.end_if_complete(id, actions);
        }
    }

    pub(super) fn pause(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.ended) {
            job.paused = true;
        }
    }

    pub(super) fn resume_job(&mut self, id: JobId, now: Micros) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| job.paused) {
            job.paused = false;
            // Patience counts from when work could begin again.
            job.last_progress = now;
        }
    }

    /// Gives a job up if no node has taken any of its work for as long as its patience lasts.
    pub(super) fn check_patience(&mut self, id: JobId, now: Micros, actions: &mut Vec<Action>) {
        let Some(job) = self.jobs.get(&id).filter(|job| !job.ended) else {
            return;
        };
        let patience = job.spec.retry.patience;
        // Refusals come fast. What has been in flight for longer than this was taken by a node, which may be slow.
        let long = patience / 10;
        let taken = self.flights.of(id).any(|flight| now.since(flight.started) > long);
        let idle = !job.spec.sealed && job.ready.is_empty() && job.counts.in_flight() == 0;
        if job.paused || idle || taken {
            self.timers.add(now.after(patience), Due::Patience(id));
        } else if now.since(job.last_progress) < patience {
            self.timers.add(job.last_progress.after(patience), Due::Patience(id));
        } else {
            self.end_early(id, GiveUp::NoNode, actions);
        }
    }

    /// Gives up all open tasks of a job at once. Its attempts in flight are cancelled and drain by themselves.
    pub(super) fn end_early(&mut self, id: JobId, reason: GiveUp, actions: &mut Vec<Action>) {
        let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.ended) else {
            return;
        };
        let end = TaskEnd::GaveUp(reason);
        for task in job.tasks.open() {
            job.end_task(task, end);
            actions.push(Action::TaskEnded { job: id, task, end });
        }
        job.spec.sealed = true;
        job.ready.clear();
        job.hedging = None;
        let verdict = if reason == GiveUp::Cancelled { JobEnd::Cancelled } else { job.verdict() };
        let cancels = self.flights.of(id);
        actions.extend(cancels.map(|flight| Action::Cancel { attempt: flight.id, node: flight.node }));
        self.end(id, verdict, actions);
    }

    pub(super) fn end_if_complete(&mut self, id: JobId, actions: &mut Vec<Action>) {
        let complete = |job: &&Job| !job.ended && job.is_complete();
        if let Some(job) = self.jobs.get(&id).filter(complete) {
            let verdict = job.verdict();
            self.end(id, verdict, actions);
        }
    }

    fn end(&mut self, id: JobId, end: JobEnd, actions: &mut Vec<Action>) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.ended = true;
        job.hedging = None;
        actions.push(Action::JobEnded { job: id, end, counts: job.counts });
        self.running.retain(|&running| running != id);
        self.drain_if_empty(id, actions);
    }

    pub(super) fn drain_if_empty(&mut self, id: JobId, actions: &mut Vec<Action>) {
        let drained = |job: &&Job| job.ended && job.counts.in_flight() == 0;
        if let Some(job) = self.jobs.get(&id).filter(drained) {
            actions.push(Action::JobDrained { job: id, counts: job.counts });
            self.jobs.remove(&id);
        }
    }
}
