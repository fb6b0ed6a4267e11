//! What servers and nodes say to each other.

use super::division::{batch_in, batch_out, items_in, items_out, segment_in, segment_out};
use super::{Unfit, admission, count, enumerations, from_admission, micros, out, probability, time};
use crate::node::{
    AttemptError, AttemptReply, AttemptRequest, AttemptResult, AttemptTimings, FailureKind, FaultKind,
    NodeDescription, NodeStatus, OperationTotals, RejectReason, SharedFile, Work,
};
use idl::ballast as interface;
use std::collections::BTreeMap;
use thrift::OrderedFloat;

enumerations! {
    "reason": RejectReason <=> crate::node::RejectReason {
        LOAD = Load,
        QUEUE_FULL = QueueFull,
        DRAINING = Draining,
        STALE_EPOCH = StaleEpoch,
    }
    "kind": FailureKind <=> crate::node::FailureKind {
        NOT_FOUND = NotFound,
        UNREADABLE = Unreadable,
        EMPTY = Empty,
        TRUNCATED = Truncated,
        CORRUPT = Corrupt,
        UNSUPPORTED = Unsupported,
        TOO_LARGE = TooLarge,
        OPERATION = Operation,
    }
    "kind": FaultKind <=> crate::node::FaultKind {
        NO_ACCESS = NoAccess,
        DISK_FULL = DiskFull,
        WRITE_FAILED = WriteFailed,
        INTERNAL = Internal,
    }
}

impl From<&AttemptRequest> for interface::AttemptRequest {
    fn from(request: &AttemptRequest) -> Self {
        let (mut file, mut source, mut synthetic_service_us) = (None, None, None);
        let (mut segment, mut batch) = (None, None);
        match &request.work {
            Work::Shared(shared) => file = Some(Box::new(shared.clone().into())),
            Work::Inline(bytes) => source = Some(bytes.clone()),
            Work::Synthetic(service) => synthetic_service_us = Some(micros(*service)),
            Work::Segment(part) => {
                let (shared, generated, bytes) = segment_out(part);
                file = shared.map(|shared| Box::new(shared.into()));
                (segment, source) = (Some(generated), Some(bytes));
            }
            Work::Batch(images) => {
                let (generated, bytes) = batch_out(images);
                (batch, source) = (Some(generated), bytes);
            }
        }
        Self {
            job_key: request.job_key.clone(),
            epoch: out(request.epoch),
            server_incarnation: request.server_incarnation.cast_signed(),
            task: out(request.task),
            attempt: out(request.attempt),
            seed: request.seed.cast_signed(),
            admission: from_admission(request.admission),
            operation: request.operation.clone(),
            strategy: request.strategy.clone(),
            file,
            source,
            synthetic_service_us,
            segment,
            batch,
            durable: request.durable.then_some(true),
            folder_made: request.folder_made.then_some(true),
        }
    }
}

impl TryFrom<interface::AttemptRequest> for AttemptRequest {
    type Error = Unfit;

    fn try_from(request: interface::AttemptRequest) -> Result<Self, Unfit> {
        let shared = request.file.map(|file| SharedFile::from(*file));
        let work =
            match (shared, request.source, request.synthetic_service_us, request.segment, request.batch) {
                (file, source, None, Some(segment), None) => {
                    Work::Segment(Box::new(segment_in(segment, file, &source.unwrap_or_default())?))
                }
                (None, source, None, None, Some(batch)) => Work::Batch(batch_in(batch, source)?),
                (Some(file), None, None, None, None) => Work::Shared(file),
                (None, Some(source), None, None, None) => Work::Inline(source),
                (None, None, service, None, None) => {
                    Work::Synthetic(time("synthetic_service_us", service.unwrap_or(0))?)
                }
                _ => {
                    return Err(Unfit::new(
                        "file",
                        "only one of file, source and synthetic_service_us may be set",
                    ));
                }
            };
        let attempt = count("attempt", request.attempt)?;
        if attempt == 0 {
            return Err(Unfit::new("attempt", "attempts count from 1"));
        }
        Ok(Self {
            job_key: request.job_key,
            epoch: count("epoch", request.epoch)?,
            server_incarnation: request.server_incarnation.cast_unsigned(),
            task: count("task", request.task)?,
            attempt,
            seed: request.seed.cast_unsigned(),
            admission: admission(request.admission)?,
            operation: request.operation,
            strategy: request.strategy,
            work,
            durable: request.durable.unwrap_or(false),
            folder_made: request.folder_made.unwrap_or(false),
        })
    }
}

impl From<SharedFile> for interface::SharedFile {
    fn from(file: SharedFile) -> Self {
        Self { base_path: file.base_path, file_name: file.file_name }
    }
}

impl From<interface::SharedFile> for SharedFile {
    fn from(file: interface::SharedFile) -> Self {
        Self { base_path: file.base_path, file_name: file.file_name }
    }
}

impl From<AttemptTimings> for interface::AttemptTimings {
    fn from(timings: AttemptTimings) -> Self {
        Self {
            queue_us: micros(timings.queue),
            delay_us: micros(timings.delay),
            read_us: micros(timings.read),
            decode_us: micros(timings.decode),
            operation_us: micros(timings.operation),
            encode_us: micros(timings.encode),
            write_us: micros(timings.write),
            total_us: micros(timings.total),
        }
    }
}

impl TryFrom<interface::AttemptTimings> for AttemptTimings {
    type Error = Unfit;

    fn try_from(timings: interface::AttemptTimings) -> Result<Self, Unfit> {
        Ok(Self {
            queue: time("queue_us", timings.queue_us)?,
            delay: time("delay_us", timings.delay_us)?,
            read: time("read_us", timings.read_us)?,
            decode: time("decode_us", timings.decode_us)?,
            operation: time("operation_us", timings.operation_us)?,
            encode: time("encode_us", timings.encode_us)?,
            write: time("write_us", timings.write_us)?,
            total: time("total_us", timings.total_us)?,
        })
    }
}

impl From<AttemptReply> for interface::AttemptReply {
    fn from(reply: AttemptReply) -> Self {
        let (temporary_name, result, items) = match reply.result {
            AttemptResult::TemporaryFile(name) => (Some(name), None, None),
            AttemptResult::Inline(bytes) => (None, Some(bytes), None),
            AttemptResult::Nothing => (None, None, None),
            AttemptResult::Items(items) => {
                let (items, result) = items_out(items);
                (None, result, Some(items))
            }
        };
        Self {
            timings: reply.timings.into(),
            bytes_in: out(reply.bytes_in),
            bytes_out: out(reply.bytes_out),
            width: out(reply.width),
            height: out(reply.height),
            temporary_name,
            result,
            items,
            checksum: reply.checksum.map(i64::from),
        }
    }
}

impl TryFrom<interface::AttemptReply> for AttemptReply {
    type Error = Unfit;

    fn try_from(reply: interface::AttemptReply) -> Result<Self, Unfit> {
        let result = match (reply.temporary_name, reply.result, reply.items) {
            (None, result, Some(items)) => AttemptResult::Items(items_in(items, result)?),
            (Some(name), None, None) => AttemptResult::TemporaryFile(name),
            (None, Some(bytes), None) => AttemptResult::Inline(bytes),
            (None, None, None) => AttemptResult::Nothing,
            _ => return Err(Unfit::new("result", "only one of temporary_name and result may be set")),
        };
        Ok(Self {
            timings: reply.timings.try_into()?,
            bytes_in: count("bytes_in", reply.bytes_in)?,
            bytes_out: count("bytes_out", reply.bytes_out)?,
            width: count("width", reply.width)?,
            height: count("height", reply.height)?,
            result,
            checksum: reply.checksum.map(|sum| count("checksum", sum)).transpose()?,
        })
    }
}

impl From<AttemptError> for thrift::Error {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Rejected { reason, node, why } => {
                interface::Rejected { reason: reason.into(), node, why }.into()
            }
            AttemptError::Failed { kind, why, timings } => {
                interface::TaskFailed { kind: kind.into(), why, timings: Some(Box::new(timings.into())) }
                    .into()
            }
            AttemptError::Fault { kind, why } => interface::NodeFault { kind: kind.into(), why }.into(),
            AttemptError::Invalid { field, why } => interface::InvalidRequest { field, why }.into(),
        }
    }
}

impl TryFrom<interface::Rejected> for AttemptError {
    type Error = Unfit;

    fn try_from(rejected: interface::Rejected) -> Result<Self, Unfit> {
        let reason = RejectReason::try_from(rejected.reason)?;
        Ok(AttemptError::Rejected { reason, node: rejected.node, why: rejected.why })
    }
}

impl TryFrom<interface::TaskFailed> for AttemptError {
    type Error = Unfit;

    fn try_from(failed: interface::TaskFailed) -> Result<Self, Unfit> {
        let timings =
            failed.timings.map(|timings| AttemptTimings::try_from(*timings)).transpose()?.unwrap_or_default();
        Ok(AttemptError::Failed { kind: FailureKind::try_from(failed.kind)?, why: failed.why, timings })
    }
}

impl TryFrom<interface::NodeFault> for AttemptError {
    type Error = Unfit;

    fn try_from(fault: interface::NodeFault) -> Result<Self, Unfit> {
        Ok(AttemptError::Fault { kind: FaultKind::try_from(fault.kind)?, why: fault.why })
    }
}

impl From<interface::InvalidRequest> for AttemptError {
    fn from(invalid: interface::InvalidRequest) -> Self {
        AttemptError::Invalid { field: invalid.field, why: invalid.why }
    }
}

impl From<NodeDescription> for interface::NodeDescription {
    fn from(node: NodeDescription) -> Self {
        Self {
            name: node.name,
            interface_version: node.interface_version,
            program_version: node.program_version,
            incarnation: node.incarnation.cast_signed(),
            slots: out(node.slots),
            queue_bound: out(node.queue_bound),
            load_probability: node.load_probability.map(OrderedFloat),
            delay_us: node.delay.map(micros),
            operations: node.operations,
        }
    }
}

impl TryFrom<interface::NodeDescription> for NodeDescription {
    type Error = Unfit;

    fn try_from(node: interface::NodeDescription) -> Result<Self, Unfit> {
        let load_probability = node.load_probability.map(|p| probability("load_probability", p.into_inner()));
        Ok(Self {
            name: node.name,
            interface_version: node.interface_version,
            program_version: node.program_version,
            incarnation: node.incarnation.cast_unsigned(),
            slots: count("slots", node.slots)?,
            queue_bound: count("queue_bound", node.queue_bound)?,
            load_probability: load_probability.transpose()?,
            delay: node.delay_us.map(|delay| time("delay_us", delay)).transpose()?,
            operations: node.operations,
        })
    }
}

impl From<NodeStatus> for interface::NodeStatus {
    fn from(status: NodeStatus) -> Self {
        let totals = |table: BTreeMap<String, OperationTotals>| {
            let out = |each: OperationTotals| interface::OperationTotals {
                count: out(each.count),
                total_us: micros(each.total),
            };
            Some(table.into_iter().map(|(name, each)| (name, Box::new(out(each)))).collect())
        };
        Self {
            incarnation: status.incarnation.cast_signed(),
            running: out(status.running),
            queued: out(status.queued),
            done: out(status.done),
            rejected: out(status.rejected),
            delayed: out(status.delayed),
            failed: out(status.failed),
            uptime_us: micros(status.uptime),
            draining: status.draining,
            by_operation: totals(status.by_operation),
            by_strategy: totals(status.by_strategy),
        }
    }
}

impl TryFrom<interface::NodeStatus> for NodeStatus {
    type Error = Unfit;

    fn try_from(status: interface::NodeStatus) -> Result<Self, Unfit> {
        let totals = |table: Option<BTreeMap<String, Box<interface::OperationTotals>>>| {
            let check = |(name, each): (String, Box<interface::OperationTotals>)| {
                let count = count("count", each.count)?;
                Ok((name, OperationTotals { count, total: time("total_us", each.total_us)? }))
            };
            table.unwrap_or_default().into_iter().map(check).collect::<Result<BTreeMap<_, _>, Unfit>>()
        };
        Ok(Self {
            incarnation: status.incarnation.cast_unsigned(),
            running: count("running", status.running)?,
            queued: count("queued", status.queued)?,
            done: count("done", status.done)?,
            rejected: count("rejected", status.rejected)?,
            delayed: count("delayed", status.delayed)?,
            failed: count("failed", status.failed)?,
            uptime: time("uptime_us", status.uptime_us)?,
            draining: status.draining,
            by_operation: totals(status.by_operation)?,
            by_strategy: totals(status.by_strategy)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::Admission;
    use std::time::Duration;

    fn request(work: Work) -> AttemptRequest {
        AttemptRequest {
            job_key: "job".to_owned(),
            epoch: 3,
            server_incarnation: u64::MAX,
            task: 7,
            attempt: 1,
            seed: 1 << 63,
            admission: Admission::MustAccept,
            operation: "edges".to_owned(),
            strategy: Some("random".to_owned()),
            work,
            durable: false,
            folder_made: true,
        }
    }

    fn unfit(change: impl FnOnce(&mut interface::AttemptRequest)) -> Unfit {
        let mut generated = interface::AttemptRequest::from(&request(Work::Inline(vec![1])));
        change(&mut generated);
        AttemptRequest::try_from(generated).unwrap_err()
    }

    #[test]
    fn requests_survive_the_way_there_and_back() {
        let file = SharedFile { base_path: "/data".to_owned(), file_name: "a/ü.png".to_owned() };
        for work in
            [Work::Shared(file), Work::Inline(vec![0, 255]), Work::Synthetic(Duration::from_micros(5))]
        {
            let request = request(work);
            assert_eq!(AttemptRequest::try_from(interface::AttemptRequest::from(&request)), Ok(request));
        }
    }

    #[test]
    fn unfit_requests_are_named() {
        assert_eq!(unfit(|r| r.task = -1).to_string(), "task: -1 is out of range; 0 or more is right");
        assert_eq!(unfit(|r| r.attempt = 0).to_string(), "attempt: attempts count from 1");
        assert_eq!(unfit(|r| r.epoch = i64::MIN).field, "epoch");
        assert_eq!(unfit(|r| r.admission = interface::Admission(0)).field, "admission");
        assert_eq!(unfit(|r| r.admission = interface::Admission(77)).field, "admission");
        assert_eq!(unfit(|r| r.synthetic_service_us = Some(1)).field, "file", "two kinds of work");
        let negative = unfit(|r| (r.source, r.synthetic_service_us) = (None, Some(-5)));
        assert_eq!(negative.field, "synthetic_service_us");
    }

    #[test]
    fn a_reply_with_a_negative_time_is_refused() {
        let reply = AttemptReply {
            timings: AttemptTimings { total: Duration::from_micros(9), ..AttemptTimings::default() },
            bytes_in: 1,
            bytes_out: 2,
            width: 3,
            height: 4,
            result: AttemptResult::TemporaryFile("t".to_owned()),
            checksum: None,
        };
        let mut generated = interface::AttemptReply::from(reply.clone());
        assert_eq!(AttemptReply::try_from(generated.clone()), Ok(reply));
        generated.timings.decode_us = -1;
        assert_eq!(AttemptReply::try_from(generated).unwrap_err().field, "decode_us");
    }

    #[test]
    fn a_description_with_an_impossible_load_is_refused() {
        let node = NodeDescription {
            name: "node0".to_owned(),
            interface_version: "1.0.0".to_owned(),
            program_version: "0.1.0".to_owned(),
            incarnation: 1,
            slots: 4,
            queue_bound: 8,
            load_probability: Some(0.5),
            delay: Some(Duration::from_secs(3)),
            operations: vec!["edges".to_owned()],
        };
        let mut generated = interface::NodeDescription::from(node.clone());
        assert_eq!(NodeDescription::try_from(generated.clone()), Ok(node));
        for impossible in [-0.1, 1.5, f64::NAN, f64::INFINITY] {
            generated.load_probability = Some(OrderedFloat(impossible));
            assert_eq!(NodeDescription::try_from(generated.clone()).unwrap_err().field, "load_probability");
        }
    }
}
