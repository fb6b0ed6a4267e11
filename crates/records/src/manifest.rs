//! What is needed to understand a run and to run it again, in `manifest.json`.

use crate::RecordsError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// Version of the files that this crate writes. Columns may be added within a version, not taken away.
pub const SCHEMA_VERSION: u32 = 1;

/// Name of the file.
pub const FILE: &str = "manifest.json";

/// What is needed to understand a run and to run it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Name of the program.
    pub program: String,
    /// Version of the program.
    pub program_version: String,
    /// Revision of the source that it was built from, where known: see [`revision`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_revision: Option<String>,
    /// The command line, a word each.
    pub command_line: Vec<String>,
    /// Label of the run.
    pub label: String,
    /// Names the luck of the run. Text in the file: readers of JSON lose the last digits of such numbers.
    #[serde(with = "number_as_text")]
    pub seed: u64,
    /// When the run began, as RFC 3339 writes it.
    pub started_utc: String,
    /// The machine that it ran on.
    pub host: Host,
    /// Lines of `machine.txt`.
    pub machines: Vec<String>,
    /// Every setting by name, defaults too.
    pub settings: BTreeMap<String, String>,
}

/// Revision of the source, if the build was told: `BALLAST_REVISION=$(git rev-parse HEAD) cargo build`. A build asks
/// nobody else, so it needs no git and the revision is never one of a changed tree by mistake.
pub fn revision() -> Option<String> {
    option_env!("BALLAST_REVISION").filter(|told| !told.is_empty()).map(str::to_owned)
}

/// The machine that a run was recorded on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Processors that the program may use.
    pub cores: usize,
    /// Operating system.
    pub system: String,
    /// Processor architecture.
    pub architecture: String,
}

impl Host {
    /// This machine.
    pub fn here() -> Host {
        Host {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: std::env::consts::OS.to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
        }
    }
}

impl Manifest {
    /// Writes the file whole or not at all.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), RecordsError> {
        let path = folder.join(FILE);
        let temporary = folder.join(".manifest.json.tmp");
        let wrap = |cause| RecordsError::write(&path, cause);
        let text = serde_json::to_string_pretty(self).map_err(|cause| wrap(cause.into()))?;
        let mut file = File::create(&temporary).map_err(wrap)?;
        let written = writeln!(file, "{text}").and_then(|()| file.sync_data());
        if let Err(cause) = written.and_then(|()| fs::rename(&temporary, &path)) {
            // The first error is the one to tell; a temporary file that stays does no harm.
            let _ = fs::remove_file(&temporary);
            return Err(wrap(cause));
        }
        Ok(())
    }

    /// Reads the manifest of a run's folder; none if the run has none.
    pub fn read(folder: &Path) -> Result<Option<Manifest>, RecordsError> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(RecordsError::read(&path, cause)),
        };
        let fault = |why| RecordsError::Manifest { path: path.clone(), why };
        let manifest: Manifest = serde_json::from_str(&text).map_err(|cause| fault(cause.to_string()))?;
        if manifest.schema_version > SCHEMA_VERSION {
            let newer = manifest.schema_version;
            return Err(fault(format!(
                "schema version {newer} is newer than {SCHEMA_VERSION}: use a newer program"
            )));
        }
        Ok(Some(manifest))
    }
}

mod number_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom(format!("'{text}' is not a whole number")))
    }
}
