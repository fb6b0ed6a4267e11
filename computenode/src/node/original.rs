//! The original's call: an image by its path, and the result under its final name.

use super::{Ending, Luck, Node};
use crate::files::{Missing, WORKSHOP};
use crate::pixels::timed;
use cluster::Admission;
use wire::node::{AttemptTimings, SharedFile};

impl Node {
    /// The original's call, the result published by this node, since its caller knows of no temporary files.
    pub(super) fn do_original(
        &self,
        admission: Admission,
        file: &SharedFile,
        timings: &mut AttemptTimings,
    ) -> Result<(), Ending> {
        self.refuse_while_draining()?;
        let folder = self.find(&file.base_path, &file.file_name)?;
        let call = self.original_calls.add_one();
        let luck = Luck { seed: self.settings.seed, task: call, attempt: 1 };
        self.admit_and_work(
            admission,
            luck,
            timings,
            || Ok(()),
            |timings| {
                let (_, encoded) =
                    self.transform_shared(&folder, &file.file_name, &self.original_operation, timings)?;
                let name = format!("{WORKSHOP}-{}-{call}.tmp", self.incarnation);
                timed(&mut timings.write, || {
                    let temporary = folder.write_temporary(&name, &[&encoded.bytes], Missing::Make)?;
                    temporary.publish(&folder.final_path(&file.file_name))
                })?;
                Ok(())
            },
        )
    }
}
