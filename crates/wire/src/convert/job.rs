//! What clients and servers say to each other.

use super::arrivals::made_up;
use super::division::{division_in, division_out};
use super::{
    Unfit, admission, count, date, enumerations, from_admission, micros, open_enumerations, out, probability,
    since_epoch, time,
};
use crate::job::{
    JobProgress, JobReceipt, JobReport, JobRequest, JobSource, JobView, NodeShare, NodeView, SubmitError,
    TaskFailure, Transfer, UnknownJob,
};
use idl::ballast as interface;
use std::time::Duration;
use thrift::OrderedFloat;

enumerations! {
    "transfer": Transfer <=> crate::job::Transfer {
        SHARED = Shared,
        INLINE = Inline,
    }
}

open_enumerations! {
    JobState <=> crate::job::JobState {
        RUNNING = Running,
        DONE = Done,
        PARTIAL = Partial,
        CANCELLED = Cancelled,
        NO_NODE = NoNode,
    }
    NodeState <=> crate::job::NodeState {
        UP = Up,
        DOWN = Down,
        EJECTED = Ejected,
        DRAINING = Draining,
        SUSPECTED = Suspected,
    }
}

impl From<&JobRequest> for interface::JobRequest {
    fn from(request: &JobRequest) -> Self {
        let mut generated = Self {
            job_key: request.job_key.clone(),
            epoch: out(request.epoch),
            data_path: None,
            strategy: request.strategy.clone(),
            admission: request.admission.map(from_admission),
            operation: request.operation.clone(),
            seed: request.seed.map(u64::cast_signed),
            transfer: None,
            recursive: None,
            max_in_flight: request.max_in_flight.map(out),
            synthetic_tasks: None,
            synthetic_service_us: None,
            label: request.label.clone(),
            max_attempts: request.max_attempts.map(out),
            segmentation: None,
            batching: None,
            data_set: None,
            arrivals_us: None,
            max_open: None,
        };
        match &request.source {
            JobSource::Folder { path, recursive, transfer, division } => {
                let (segmentation, batching, data_set) = division_out(*division);
                generated.segmentation = segmentation;
                generated.batching = batching;
                generated.data_set = data_set;
                generated.data_path = Some(path.clone());
                generated.recursive = Some(*recursive);
                generated.transfer = Some((*transfer).into());
            }
            JobSource::Synthetic { tasks, service } => {
                generated.synthetic_tasks = Some(out(*tasks));
                generated.synthetic_service_us = Some(micros(*service));
            }
            JobSource::Open { arrivals, service } => {
                generated.synthetic_tasks = Some(out(arrivals.times_us.len() as u64));
                generated.synthetic_service_us = Some(micros(*service));
                generated.arrivals_us = Some(arrivals.times_us.iter().copied().map(out).collect());
                generated.max_open = arrivals.max_open.map(out);
            }
        }
        generated
    }
}

impl TryFrom<interface::JobRequest> for JobRequest {
    type Error = Unfit;

    fn try_from(request: interface::JobRequest) -> Result<Self, Unfit> {
        let source = match (request.data_path, request.synthetic_tasks) {
            (Some(path), None) => {
                let transfer =
                    request.transfer.map(Transfer::try_from).transpose()?.unwrap_or(Transfer::Shared);
                let division = division_in(request.segmentation, request.batching, request.data_set)?;
                JobSource::Folder { path, recursive: request.recursive.unwrap_or(false), transfer, division }
            }
            (None, Some(tasks)) => {
                let service = time("synthetic_service_us", request.synthetic_service_us.unwrap_or(0))?;
                let tasks = count("synthetic_tasks", tasks)?;
                made_up(tasks, service, request.arrivals_us, request.max_open)?
            }
            (Some(_), Some(_)) => {
                return Err(Unfit::new("data_path", "only one of data_path and synthetic_tasks may be set"));
            }
            (None, None) => {
                return Err(Unfit::new("data_path", "one of data_path and synthetic_tasks must be set"));
            }
        };
        Ok(Self {
            job_key: request.job_key,
            epoch: count("epoch", request.epoch)?,
            source,
            strategy: request.strategy,
            admission: request.admission.map(admission).transpose()?,
            operation: request.operation,
            seed: request.seed.map(i64::cast_unsigned),
            max_in_flight: request.max_in_flight.map(|most| count("max_in_flight", most)).transpose()?,
            max_attempts: request.max_attempts.map(|most| count("max_attempts", most)).transpose()?,
            label: request.label,
        })
    }
}

impl From<JobReceipt> for interface::JobReceipt {
    fn from(receipt: JobReceipt) -> Self {
        Self {
            job_key: receipt.job_key,
            tasks: out(receipt.tasks),
            seed: receipt.seed.cast_signed(),
            strategy: receipt.strategy,
            admission: from_admission(receipt.admission),
            operation: receipt.operation,
            skipped: out(receipt.skipped),
            run_folder: receipt.run_folder,
        }
    }
}

impl TryFrom<interface::JobReceipt> for JobReceipt {
    type Error = Unfit;

    fn try_from(receipt: interface::JobReceipt) -> Result<Self, Unfit> {
        Ok(Self {
            job_key: receipt.job_key,
            tasks: count("tasks", receipt.tasks)?,
            seed: receipt.seed.cast_unsigned(),
            strategy: receipt.strategy,
            admission: admission(receipt.admission)?,
            operation: receipt.operation,
            skipped: count("skipped", receipt.skipped)?,
            run_folder: receipt.run_folder,
        })
    }
}

impl From<SubmitError> for thrift::Error {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Invalid { field, why } => interface::InvalidRequest { field, why }.into(),
            SubmitError::Unavailable { why } => interface::Unavailable { why, again_after_ms: None }.into(),
            SubmitError::NotNow { why, again_after } => {
                let again_after_ms = i64::try_from(again_after.as_millis()).unwrap_or(i64::MAX);
                interface::Unavailable { why, again_after_ms: Some(again_after_ms) }.into()
            }
        }
    }
}

impl From<UnknownJob> for thrift::Error {
    fn from(unknown: UnknownJob) -> Self {
        interface::UnknownJob { job_key: unknown.job_key, why: unknown.why }.into()
    }
}

impl From<JobProgress> for interface::JobProgress {
    fn from(progress: JobProgress) -> Self {
        Self {
            state: progress.state.into(),
            tasks: out(progress.tasks),
            done: out(progress.done),
            failed: out(progress.failed),
            attempts: out(progress.attempts),
            rejected: out(progress.rejected),
            delayed: out(progress.delayed),
            lost: out(progress.lost),
            in_flight: out(progress.in_flight),
            elapsed_us: micros(progress.elapsed),
            paused: Some(progress.paused),
        }
    }
}

impl TryFrom<interface::JobProgress> for JobProgress {
    type Error = Unfit;

    fn try_from(progress: interface::JobProgress) -> Result<Self, Unfit> {
        Ok(Self {
            state: progress.state.into(),
            tasks: count("tasks", progress.tasks)?,
            done: count("done", progress.done)?,
            failed: count("failed", progress.failed)?,
            attempts: count("attempts", progress.attempts)?,
            rejected: count("rejected", progress.rejected)?,
            delayed: count("delayed", progress.delayed)?,
            lost: count("lost", progress.lost)?,
            in_flight: count("in_flight", progress.in_flight)?,
            elapsed: time("elapsed_us", progress.elapsed_us)?,
            paused: progress.paused.unwrap_or(false),
        })
    }
}

impl From<JobView> for interface::JobView {
    fn from(view: JobView) -> Self {
        Self {
            request: (&view.request).into(),
            receipt: view.receipt.into(),
            progress: view.progress.into(),
            submitted_us: since_epoch(view.submitted),
        }
    }
}

impl TryFrom<interface::JobView> for JobView {
    type Error = Unfit;

    fn try_from(view: interface::JobView) -> Result<Self, Unfit> {
        Ok(Self {
            request: view.request.try_into()?,
            receipt: view.receipt.try_into()?,
            progress: view.progress.try_into()?,
            submitted: date("submitted_us", view.submitted_us)?,
        })
    }
}

impl From<NodeShare> for interface::NodeShare {
    fn from(share: NodeShare) -> Self {
        Self {
            node: share.node,
            attempts: out(share.attempts),
            done: out(share.done),
            rejected: out(share.rejected),
            delayed: out(share.delayed),
            lost: out(share.lost),
        }
    }
}

impl TryFrom<interface::NodeShare> for NodeShare {
    type Error = Unfit;

    fn try_from(share: interface::NodeShare) -> Result<Self, Unfit> {
        Ok(Self {
            node: share.node,
            attempts: count("attempts", share.attempts)?,
            done: count("done", share.done)?,
            rejected: count("rejected", share.rejected)?,
            delayed: count("delayed", share.delayed)?,
            lost: count("lost", share.lost)?,
            // It travels beside the shares.
            service: Duration::ZERO,
        })
    }
}

impl From<JobReport> for interface::JobReport {
    fn from(report: JobReport) -> Self {
        let failures = report.failures.into_iter();
        let node_service_us = report.nodes.iter().map(|share| micros(share.service)).collect();
        Self {
            progress: report.progress.into(),
            failures: failures
                .map(|each| interface::TaskFailure { file_name: each.file_name, why: each.why })
                .collect(),
            nodes: report.nodes.into_iter().map(interface::NodeShare::from).collect(),
            why: report.why,
            histogram: report.histogram.map(|counts| counts.into_iter().map(out).collect()),
            node_service_us: Some(node_service_us),
        }
    }
}

impl TryFrom<interface::JobReport> for JobReport {
    type Error = Unfit;

    fn try_from(report: interface::JobReport) -> Result<Self, Unfit> {
        let failures = report.failures.into_iter();
        let nodes = report.nodes.into_iter().map(NodeShare::try_from);
        let mut nodes = nodes.collect::<Result<Vec<_>, Unfit>>()?;
        for (node, service) in nodes.iter_mut().zip(report.node_service_us.unwrap_or_default()) {
            node.service = time("node_service_us", service)?;
        }
        let histogram =
            report.histogram.map(|counts| counts.into_iter().map(|n| count("histogram", n)).collect());
        Ok(Self {
            progress: report.progress.try_into()?,
            failures: failures.map(|each| TaskFailure { file_name: each.file_name, why: each.why }).collect(),
            nodes,
            why: report.why,
            histogram: histogram.transpose()?,
        })
    }
}

impl From<NodeView> for interface::NodeView {
    fn from(view: NodeView) -> Self {
        Self {
            name: view.name,
            address: view.address,
            state: view.state.into(),
            since_us: micros(view.since),
            in_flight: out(view.in_flight),
            attempts: out(view.attempts),
            done: out(view.done),
            rejected: out(view.rejected),
            delayed: out(view.delayed),
            lost: out(view.lost),
            mean_us: micros(view.mean_round_trip),
            slots: view.slots.map(out),
            load_probability: view.load_probability.map(OrderedFloat),
            compatibility: view.compatibility,
            registered: Some(view.registered),
            incarnation: view.incarnation.map(u64::cast_signed),
            status_age_us: view.status.as_ref().map(|(_, age)| micros(*age)),
            status: view.status.map(|(status, _)| status.into()),
        }
    }
}

impl TryFrom<interface::NodeView> for NodeView {
    type Error = Unfit;

    fn try_from(view: interface::NodeView) -> Result<Self, Unfit> {
        let load_probability = view.load_probability.map(|p| probability("load_probability", p.into_inner()));
        Ok(Self {
            name: view.name,
            address: view.address,
            state: view.state.into(),
            since: time("since_us", view.since_us)?,
            in_flight: count("in_flight", view.in_flight)?,
            attempts: count("attempts", view.attempts)?,
            done: count("done", view.done)?,
            rejected: count("rejected", view.rejected)?,
            delayed: count("delayed", view.delayed)?,
            lost: count("lost", view.lost)?,
            mean_round_trip: time("mean_us", view.mean_us)?,
            slots: view.slots.map(|slots| count("slots", slots)).transpose()?,
            load_probability: load_probability.transpose()?,
            compatibility: view.compatibility,
            registered: view.registered.unwrap_or(false),
            incarnation: view.incarnation.map(i64::cast_unsigned),
            status: view
                .status
                .map(|status| {
                    let age = time("status_age_us", view.status_age_us.unwrap_or(0))?;
                    Ok((crate::node::NodeStatus::try_from(status)?, age))
                })
                .transpose()?,
        })
    }
}

/// How long a caller wants to wait; a negative time is none.
pub(crate) fn wait(microseconds: i64) -> Duration {
    Duration::from_micros(u64::try_from(microseconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::division::Division;
    use crate::job::JobState;
    use crate::job::OpenArrivals;
    use cluster::Admission;

    fn request(source: JobSource) -> JobRequest {
        JobRequest {
            admission: Some(Admission::MayReject),
            seed: Some(u64::MAX),
            max_in_flight: Some(10),
            ..JobRequest::new("key", source, "random", "edges")
        }
    }

    fn folder() -> JobSource {
        JobSource::Folder {
            path: "/data".to_owned(),
            recursive: true,
            transfer: Transfer::Inline,
            division: Division::default(),
        }
    }

    fn unfit(change: impl FnOnce(&mut interface::JobRequest)) -> Unfit {
        let mut generated = interface::JobRequest::from(&request(folder()));
        change(&mut generated);
        JobRequest::try_from(generated).unwrap_err()
    }

    #[test]
    fn requests_survive_the_way_there_and_back() {
        let service = Duration::from_millis(1);
        let arrivals = OpenArrivals { times_us: [0, 5, 5, 900].into(), max_open: Some(2) };
        for source in
            [folder(), JobSource::Synthetic { tasks: 9, service }, JobSource::Open { arrivals, service }]
        {
            let request = request(source);
            assert_eq!(JobRequest::try_from(interface::JobRequest::from(&request)), Ok(request));
        }
    }

    #[test]
    fn unfit_requests_are_named() {
        assert_eq!(unfit(|r| r.data_path = None).field, "data_path");
        assert_eq!(unfit(|r| r.synthetic_tasks = Some(1)).field, "data_path");
        assert_eq!(unfit(|r| r.transfer = Some(interface::Transfer(9))).field, "transfer");
        assert_eq!(unfit(|r| r.max_in_flight = Some(-1)).field, "max_in_flight");
        assert_eq!(unfit(|r| r.admission = Some(interface::Admission(0))).field, "admission");
    }

    #[test]
    fn reports_survive_the_way_there_and_back() {
        for state in [JobState::Partial, JobState::Other(77)] {
            the_way_there_and_back(state);
        }
        assert!(JobState::Partial.is_ended() && !JobState::Running.is_ended());
        assert!(!JobState::Other(77).is_ended(), "nobody knows");
    }

    fn the_way_there_and_back(state: JobState) {
        let progress = JobProgress {
            state,
            tasks: 10,
            done: 9,
            failed: 1,
            attempts: 30,
            rejected: 15,
            delayed: 4,
            lost: 5,
            in_flight: 0,
            elapsed: Duration::from_micros(123),
            paused: false,
        };
        let report = JobReport {
            progress,
            failures: vec![TaskFailure { file_name: "a.png".to_owned(), why: "empty".to_owned() }],
            nodes: vec![NodeShare {
                node: "n".to_owned(),
                attempts: 1,
                done: 2,
                rejected: 3,
                delayed: 4,
                lost: 5,
                service: Duration::from_micros(6),
            }],
            histogram: Some((0..256).collect()),
            why: Some("because".to_owned()),
        };
        assert_eq!(JobReport::try_from(interface::JobReport::from(report.clone())), Ok(report));
    }

    #[test]
    fn a_negative_wait_is_none() {
        assert_eq!(wait(-1), Duration::ZERO);
        assert_eq!(wait(5), Duration::from_micros(5));
    }
}
