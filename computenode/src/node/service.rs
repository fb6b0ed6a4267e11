//! What a node answers on the wire: outcomes turned into the interface's answers, and counted.

use super::{Ending, Node, ORIGINAL_OPERATION, Product, count};
use cluster::{Admission, Profile};
use imaging::operation;
use std::time::Instant;
use wire::node::{
    AttemptError, AttemptReply, AttemptRequest, AttemptTimings, CompatibleAnswer, NodeDescription,
    NodeService, NodeStatus, SharedFile,
};

impl NodeService for Node {
    fn describe(&self) -> NodeDescription {
        let load = &self.settings.load;
        NodeDescription {
            name: self.settings.name.clone(),
            interface_version: wire::INTERFACE_VERSION.to_owned(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            incarnation: self.incarnation,
            slots: count(self.settings.slots),
            queue_bound: count(self.settings.queue),
            // Where one number says it.
            load_probability: match &load.reject {
                Profile::Constant(level) => Some(level.get()),
                _ => None,
            },
            delay: Some(load.delay_time),
            operations: known_operations(),
        }
    }

    fn status(&self) -> NodeStatus {
        let occupancy = self.slots.occupancy();
        NodeStatus {
            incarnation: self.incarnation,
            running: count(occupancy.inside),
            queued: count(occupancy.queued),
            done: self.counters.done.get(),
            rejected: self.counters.rejected.get(),
            delayed: self.counters.delayed.get(),
            failed: self.counters.failed.get(),
            uptime: self.started.elapsed(),
            draining: self.is_draining(),
            by_operation: self.counters.by_operation(),
            by_strategy: self.counters.by_strategy(),
        }
    }

    fn attempt(&self, mut request: AttemptRequest) -> Result<AttemptReply, AttemptError> {
        let arrived = Instant::now();
        let strategy = request.strategy.take();
        let mut timings = AttemptTimings::default();
        let outcome = self.do_attempt(request, &mut timings);
        timings.total = arrived.elapsed();
        match outcome {
            Ok((Product { result, bytes_in, bytes_out, width, height, checksum }, operation)) => {
                self.counters.finished(&operation, strategy.as_deref(), timings.total);
                Ok(AttemptReply { timings, bytes_in, bytes_out, width, height, result, checksum })
            }
            Err(ending) => {
                self.count_ending(&ending, &timings);
                Err(match ending {
                    Ending::Refused(reason, why) => {
                        AttemptError::Rejected { reason, node: self.settings.name.clone(), why }
                    }
                    Ending::Trouble(trouble) => trouble.into_error(timings),
                })
            }
        }
    }

    fn execute(&self, admission: Admission, file: SharedFile) -> Result<CompatibleAnswer, String> {
        let arrived = Instant::now();
        let mut timings = AttemptTimings::default();
        let outcome = self.do_original(admission, &file, &mut timings);
        timings.total = arrived.elapsed();
        match outcome {
            Ok(()) => {
                self.counters.finished(ORIGINAL_OPERATION, None, timings.total);
                Ok(CompatibleAnswer::Success)
            }
            Err(ending) => {
                self.count_ending(&ending, &timings);
                match ending {
                    Ending::Refused(_, _) if admission == Admission::MayReject => {
                        Ok(CompatibleAnswer::Rejected)
                    }
                    // A caller of `delayed_execute` takes every answer for success: only an error tells it apart.
                    Ending::Refused(_, why) => Err(format!("{} cannot take this: {why}", self.settings.name)),
                    Ending::Trouble(trouble) => Err(trouble.to_string()),
                }
            }
        }
    }
}

/// Each operation as it is written, with its defaults.
fn known_operations() -> Vec<String> {
    let shown = |known: operation::Description| {
        let defaults =
            known.parameters.iter().map(|parameter| format!("{}={}", parameter.name, parameter.default));
        let defaults = defaults.collect::<Vec<_>>().join(",");
        if defaults.is_empty() { known.name.to_owned() } else { format!("{}[{defaults}]", known.name) }
    };
    operation::descriptions().map(shown).collect()
}
