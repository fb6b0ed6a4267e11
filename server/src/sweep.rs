//! What attempts of an ended job have left behind goes: results of nodes that died, or whose answer was lost on its
//! way.

use crate::folder::{OUTPUT, TEMPORARY};
use crate::job::{Job, Tasks};
use crate::publish;
use cluster::encode_component;
use std::fs;
use std::path::Path;

/// Removes temporary files of the job, which must have ended. A later submission of the same job, at another server,
/// keeps its own.
pub(crate) fn sweep(job: &Job) {
    if let Tasks::Folder { folder, .. } = &job.tasks {
        let own = folder.base.join(OUTPUT).join(TEMPORARY).join(encode_component(&job.receipt.job_key));
        remove_up_to(&own, job.request.epoch);
        publish::clean_up(folder);
    }
}

/// Removes the files in `folder` whose names begin with an epoch up to this one.
fn remove_up_to(folder: &Path, epoch: u64) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let begun = name.to_str().and_then(|name| name.split_once('-')?.0.parse::<u64>().ok());
        if begun.is_some_and(|begun| begun <= epoch) {
            // Whoever made it may have removed it meanwhile.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_later_submissions_and_of_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1-77-0-1.tmp", "2-78-0-1.tmp", "3-79-0-1.tmp", "notes.txt"] {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        remove_up_to(folder.path(), 2);
        let left = fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["3-79-0-1.tmp", "notes.txt"]);
        remove_up_to(&folder.path().join("nowhere"), 2);
    }
}
