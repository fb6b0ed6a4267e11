//! Folders of a simulated experiment: one run folder a cell, and one around them if there are several.

use super::SimulationError;
use crate::design::{Cell, Design};
use evidence::comparison::Replication;
use evidence::comparison::summary_row::from_row;
use records::manifest::{Host, SCHEMA_VERSION};
use records::{Kept, Manifest, RunWriter, SummaryRow, read_rows, utc};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

/// Name of the copy of the experiment's file.
pub const EXPERIMENT_FILE: &str = "experiment.toml";

/// Where an experiment is recorded.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// Where run folders appear.
    pub results: &'a Path,
    /// When the experiment began: a part of the folders' names.
    pub started: SystemTime,
    /// The command line, for the manifests.
    pub command_line: &'a [String],
}

/// The folder of an experiment with several cells; the results folder itself if there is one cell only.
///
/// # Errors
/// If it cannot be made.
pub fn parent(design: &Design, place: &Place<'_>) -> Result<PathBuf, SimulationError> {
    if design.cells.len() == 1 {
        return Ok(place.results.to_owned());
    }
    let name = format!("{}-{}-{}", utc::stamp(place.started), design.name, design.seed);
    let wrap = |path: &Path| {
        let path = path.to_owned();
        move |source| SimulationError::Folder { path, source }
    };
    fs::create_dir_all(place.results).map_err(wrap(place.results))?;
    let mut folder = place.results.join(&name);
    for number in 2..10_000 {
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                folder = place.results.join(format!("{name}-{number}"));
            }
            made => {
                made.map_err(wrap(&folder))?;
                break;
            }
        }
    }
    write_experiment(&folder, &design.text)?;
    Ok(folder)
}

fn write_experiment(folder: &Path, text: &str) -> Result<(), SimulationError> {
    let path = folder.join(EXPERIMENT_FILE);
    fs::write(&path, text).map_err(|source| SimulationError::Folder { path, source })
}

/// A new run folder for a cell.
pub(super) fn create(
    design: &Design,
    cell: &Cell,
    parent: &Path,
    place: &Place<'_>,
) -> Result<RunWriter, SimulationError> {
    let writer =
        RunWriter::create(parent, place.started, &manifest(design, cell, place))?.with_summaries()?;
    write_experiment(writer.folder(), if design.cells.len() == 1 { &design.text } else { &cell.text })?;
    Ok(writer)
}

fn manifest(design: &Design, cell: &Cell, place: &Place<'_>) -> Manifest {
    let settings = settings(design, cell, "simulated").collect();
    let node =
        |node: &simulator::NodePlan| format!("{} slots={} p={}", node.name, node.slots, node.load.reject);
    Manifest {
        schema_version: SCHEMA_VERSION,
        program: "lab".to_owned(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_revision: records::manifest::revision(),
        command_line: place.command_line.to_vec(),
        label: cell.label.clone(),
        seed: design.seed,
        started_utc: utc::text(place.started),
        host: Host::here(),
        machines: cell.setting.nodes.iter().map(node).collect(),
        settings,
    }
}

/// What the file says, as settings of a manifest.
fn settings<'a>(
    design: &'a Design,
    cell: &'a Cell,
    world: &str,
) -> impl Iterator<Item = (String, String)> + 'a {
    let own = [
        ("experiment".to_owned(), design.name.clone()),
        ("world".to_owned(), world.to_owned()),
        ("metric".to_owned(), design.metric.key().to_owned()),
    ];
    let swept = cell.values.iter().map(|(path, value)| (format!("sweep.{path}"), value.clone()));
    cell.parameters.iter().cloned().chain(own).chain(swept)
}

/// Adds the experiment to the folder of a real run: its file, and its values to the manifest.
///
/// # Errors
/// If a file cannot be read or written.
pub fn annotate(design: &Design, cell: &Cell, folder: &Path) -> Result<(), SimulationError> {
    write_experiment(folder, if design.cells.len() == 1 { &design.text } else { &cell.text })?;
    let Some(mut manifest) = read_manifest(folder) else { return Ok(()) };
    manifest.settings.extend(settings(design, cell, "real"));
    let path = folder.join(records::manifest::FILE);
    let written = serde_json::to_string_pretty(&manifest).map_err(io::Error::from);
    written
        .and_then(|text| fs::write(&path, text + "\n"))
        .map_err(|source| SimulationError::Folder { path, source })
}

/// A run folder that was begun, and what is done already.
pub(super) struct Begun {
    pub(super) writer: RunWriter,
    pub(super) started_utc: String,
    pub(super) done: Vec<Option<Replication>>,
}

/// Opens the run folder of a cell in an interrupted experiment's folder; none if the cell was not begun.
pub(super) fn reopen(design: &Design, cell: &Cell, folder: &Path) -> Result<Option<Begun>, SimulationError> {
    let folder = match design.cells.len() {
        1 => Some(folder.to_owned()),
        _ => folder_of(cell, folder)?,
    };
    let Some(folder) = folder else { return Ok(None) };
    let (rows, _torn) = read_rows::<SummaryRow>(&folder)?;
    let mut kept = Kept { summaries: rows.len() as u64, ..Kept::default() };
    for row in &rows {
        kept.jobs += row.jobs;
        if design.all_rows {
            kept.attempts += row.attempts;
            kept.tasks += row.tasks;
        }
    }
    let writer = RunWriter::resume(&folder, kept)?;
    let started_utc = read_manifest(&folder).map(|manifest| manifest.started_utc).unwrap_or_default();
    Ok(Some(Begun { writer, started_utc, done: rows.iter().map(from_row).collect() }))
}

/// The folder of a cell's real run in an experiment's folder that is resumed; none if the cell was not begun.
///
/// # Errors
/// If the folder is of another experiment, or of a simulation.
pub(crate) fn recorded_folder(
    design: &Design,
    cell: &Cell,
    folder: &Path,
) -> Result<Option<PathBuf>, SimulationError> {
    check(design, folder)?;
    let own = match design.cells.len() {
        1 => Some(folder.to_owned()),
        _ => folder_of(cell, folder)?,
    };
    let world =
        |own: &PathBuf| read_manifest(own).and_then(|manifest| manifest.settings.get("world").cloned());
    match &own {
        Some(found) if world(found).as_deref() != Some("real") => {
            Err(SimulationError::Another { folder: folder.to_owned() })
        }
        _ => Ok(own),
    }
}

fn folder_of(cell: &Cell, parent: &Path) -> Result<Option<PathBuf>, SimulationError> {
    let wrap = |source| SimulationError::Folder { path: parent.to_owned(), source };
    for entry in fs::read_dir(parent).map_err(wrap)? {
        let path = entry.map_err(wrap)?.path();
        if read_manifest(&path).is_some_and(|manifest| manifest.label == cell.label) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn read_manifest(folder: &Path) -> Option<Manifest> {
    let text = fs::read_to_string(folder.join(records::manifest::FILE)).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether the folder is of this very experiment.
pub(crate) fn check(design: &Design, folder: &Path) -> Result<(), SimulationError> {
    let path = folder.join(EXPERIMENT_FILE);
    let text = fs::read_to_string(&path).map_err(|source| SimulationError::Folder { path, source })?;
    if text == design.text { Ok(()) } else { Err(SimulationError::Another { folder: folder.to_owned() }) }
}
