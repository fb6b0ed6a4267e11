//! The power goes at any moment of a job, and what was promised holds when it is back: real programs on a real file
//! system on a disk whose every write and flush is known.
//!
//! It needs Linux, root, FUSE, loop devices and ext4's tools; where one is missing, a line says so and nothing is
//! checked. `BALLAST_POWER_CUTS` is how many cuts there are. Mounts live in a name space of the test's own, so that
//! nothing is left however it ends.

mod cut;
mod disk;

use crate::world::{Program, World};
use cut::{Cut, cuts};
use disk::{DISK, Log, Record};
use imaging::codec::{self, EncodeOptions, Format};
use imaging::image::{Channels, Image};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use wire::division::Division;
use wire::job::{JobReport, JobRequest, JobSource, JobState, Transfer};
use wire::{PoolSettings, ServerClient};

const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "the-job";
const IMAGES: usize = 16;
/// Set for the process that has mounts of its own.
const INSIDE: &str = "BALLAST_TEST_POWER_INSIDE";
/// How many cuts there are when nobody says.
const CUTS: u64 = 400;
/// How many of a server that flushes nothing.
const HARMFUL_CUTS: u64 = 40;

fn tool(name: &str, arguments: &[&str]) -> Result<String, String> {
    let run = Command::new(name).args(arguments).stdin(Stdio::null()).output();
    let run = run.map_err(|error| format!("{name} cannot be run: {error}"))?;
    if run.status.success() {
        return Ok(String::from_utf8_lossy(&run.stdout).trim().to_owned());
    }
    Err(format!("{name} {}: {}", arguments.join(" "), String::from_utf8_lossy(&run.stderr).trim()))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A mounted file system; dropping it unmounts it.
struct Mounted(PathBuf);

impl Mounted {
    fn image(image: &Path, at: &Path) -> Result<Mounted, String> {
        tool("mount", &["-o", "loop", text(image), text(at)])?;
        Ok(Mounted(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A name space that ends takes what is left with it.
        let _ = tool("umount", &[text(&self.0)]);
    }
}

/// Runs `test` of this file again in a process with mounts of its own. False if the machine does not allow it.
fn goes_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let possible = tool("unshare", &["--mount", "--propagation", "private", "true"])
        .and_then(|_| tool("mkfs.ext4", &["-V"]))
        .and_then(|_| tool("losetup", &["--find"]))
        .and_then(|_| fs::metadata("/dev/fuse").map_err(|error| format!("/dev/fuse: {error}")));
    if let Err(why) = possible {
        eprintln!("skipped: power cuts on a real file system need root, FUSE, loop devices and ext4 ({why})");
        return false;
    }
    let mut again = Command::new("unshare");
    again.args(["--mount", "--propagation", "private"]).arg(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]).env(INSIDE, "yes");
    assert!(again.status().unwrap().success(), "see above");
    false
}

/// The disk before the job, and what its results must be.
struct Prepared {
    work: PathBuf,
    base: Vec<u8>,
    results: BTreeMap<String, Vec<u8>>,
}

fn prepare(work: &Path) -> Prepared {
    tool("mount", &["-t", "tmpfs", "tmpfs", text(work)]).unwrap();
    for folder in ["disk", "mounted"] {
        fs::create_dir(work.join(folder)).unwrap();
    }
    let image = work.join("base");
    fs::File::create(&image).unwrap().set_len(24 << 20).unwrap();
    tool("mkfs.ext4", &["-q", "-F", text(&image)]).unwrap();
    let mounted = Mounted::image(&image, &work.join("mounted")).unwrap();
    let world = World::at(&mounted.0);
    let results = make_images(&world);
    drop(mounted);
    Prepared { work: work.to_owned(), base: fs::read(image).unwrap(), results }
}

/// Small images, no two alike.
fn make_images(world: &World) -> BTreeMap<String, Vec<u8>> {
    fs::create_dir_all(world.input()).unwrap();
    let mut results = BTreeMap::new();
    for number in 0..IMAGES {
        let samples = (0..48 * 32).map(|place| (place * (number + 3) % 251) as u8).collect();
        let image = Image { width: 48, height: 32, channels: Channels::Gray, samples };
        let bytes = codec::encode(&image, Format::Png, &EncodeOptions::default()).unwrap();
        let (name, path) = (format!("{number:02}.png"), world.input().join(format!("{number:02}.png")));
        fs::write(&path, bytes).unwrap();
        results.insert(name, crate::world::expected(&path, "edges"));
    }
    results
}

/// A job over a disk that remembers.
struct Recorded {
    log: Vec<Record>,
    /// Length of the log when the programs were started: what a file system does while it is mounted is its own affair.
    begun: usize,
    /// Length of the log when the client had its receipt.
    accepted: usize,
    /// Length of the log when the client had heard of the end.
    done: usize,
}

fn request(world: &World) -> JobRequest {
    JobRequest {
        seed: Some(1),
        ..JobRequest::new(
            KEY,
            JobSource::Folder {
                path: text(&world.data()).to_owned(),
                recursive: false,
                transfer: Transfer::Shared,
                division: Division::default(),
            },
            "round_robin",
            "edges",
        )
    }
}

fn server(world: &World, node: &Program, durability: &str) -> Option<Program> {
    let mut command = world.command("server");
    command.args(["--listen", "127.0.0.1:0", "--node", &node.address, "--durability", durability]);
    world.try_start(command)
}

fn node(world: &World) -> Program {
    let mut command = world.command("computenode");
    command.args(["0", "--listen", "127.0.0.1:0", "--slots", "4"]);
    world.start(command)
}

fn client(server: &Program) -> ServerClient {
    ServerClient::new(server.address.clone(), PoolSettings::default())
}

fn report(client: &ServerClient) -> Result<JobReport, String> {
    let words = |error: &dyn std::fmt::Debug| format!("{error:?}");
    loop {
        let progress = client.progress(KEY, PATIENCE).map_err(|error| words(&error))?;
        if progress.map_err(|error| words(&error))?.state != JobState::Running {
            break;
        }
    }
    client.report(KEY, PATIENCE).map_err(|error| words(&error))?.map_err(|error| words(&error))
}

fn record(prepared: &Prepared, durability: &str) -> Recorded {
    let (folder, at) = (prepared.work.join("disk"), prepared.work.join("mounted"));
    let log: Log = disk::serve(prepared.base.clone(), &folder).unwrap();
    let _disk = Mounted(folder.clone());
    let mounted = Mounted::image(&folder.join(DISK), &at).unwrap();
    let world = World::at(&at);
    tool("sync", &["--file-system", text(&at)]).unwrap();
    let begun = log.length();
    let node = node(&world);
    let server = server(&world, &node, durability).unwrap();
    let client = client(&server);
    client.submit(&request(&world), PATIENCE).unwrap().unwrap();
    let accepted = log.length();
    report(&client).unwrap();
    let done = log.length();
    drop((client, server, node));
    // Not all that was written has been asked of the disk.
    tool("sync", &["--file-system", text(&at)]).unwrap();
    let log = log.records();
    drop(mounted);
    Recorded { log, begun, accepted, done }
}

/// Results with the numbers that the file system gave their files: what is made again has another one.
fn files(world: &World) -> BTreeMap<String, u64> {
    let names = world.results().into_iter().filter(|name| !name.starts_with('.'));
    let number = |name: &String| fs::metadata(world.output().join(name)).unwrap().ino();
    names.map(|name| (name.clone(), number(&name))).collect()
}

/// Lets the programs find what a cut left. Answers what is wrong with it.
fn survive(prepared: &Prepared, recorded: &Recorded, cut: &Cut, durability: &str) -> Result<(), String> {
    let image = prepared.work.join("cut");
    fs::write(&image, cut.disk(&prepared.base, &recorded.log)).unwrap();
    let mounted = Mounted::image(&image, &prepared.work.join("mounted"))?;
    let world = World::at(&mounted.0);
    let visible = files(&world);
    if let Some(name) = visible
        .keys()
        .find(|name| fs::read(world.output().join(name)).ok().as_ref() != prepared.results.get(*name))
    {
        return Err(format!("{name} is torn"));
    }
    if cut.after >= recorded.done && visible.len() != IMAGES {
        return Err(format!("the job was done, and there are {} results", visible.len()));
    }
    let node = node(&world);
    let server = server(&world, &node, durability).ok_or("the server does not start")?;
    let client = client(&server);
    if cut.after >= recorded.accepted
        && let Err(error) = client.progress(KEY, Duration::ZERO).unwrap()
    {
        return Err(format!("the job was accepted, and is forgotten: {error:?}"));
    }
    client.submit(&request(&world), PATIENCE).unwrap().map_err(|error| format!("{error:?}"))?;
    let report = report(&client)?;
    drop((client, server, node));
    if report.progress.state != JobState::Done {
        return Err(format!("{report:?}"));
    }
    let after = files(&world);
    if let Some((name, _)) = visible.iter().find(|(name, number)| after.get(*name) != Some(number)) {
        return Err(format!("{name} was there and was made again"));
    }
    let results = world.results().into_iter().map(|name| {
        let bytes = fs::read(world.output().join(&name)).unwrap_or_default();
        (name, bytes)
    });
    let results: BTreeMap<String, Vec<u8>> = results.collect();
    if results != prepared.results {
        return Err(format!("after the end there are {:?}", results.keys()));
    }
    Ok(())
}

/// How many of so many cuts were borne, and what was wrong with the first that was not.
fn try_cuts(count: u64, durability: &str) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let prepared = prepare(folder.path());
    let recorded = record(&prepared, durability);
    let flushes = recorded.log.iter().filter(|record| matches!(record, Record::Flush)).count();
    let mut borne = 0;
    let mut broken = Vec::new();
    for cut in cuts(1, count, recorded.begun..=recorded.log.len()) {
        match survive(&prepared, &recorded, &cut, durability) {
            Ok(()) => borne += 1,
            Err(why) => broken.push(format!("{cut:?}: {why}")),
        }
    }
    eprintln!(
        "--durability {durability}: {} writes and {flushes} flushes (accepted after {}, done after {}); {borne} of {count} \
         power cuts borne",
        recorded.log.len() - flushes,
        recorded.accepted,
        recorded.done
    );
    (borne, broken)
}

#[test]
fn what_was_promised_survives_power_cuts_with_reordered_and_torn_sectors() {
    let test = "power::what_was_promised_survives_power_cuts_with_reordered_and_torn_sectors";
    if !goes_inside(test) {
        return;
    }
    let asked = std::env::var("BALLAST_POWER_CUTS").ok();
    let count = asked.map_or(CUTS, |count| count.parse().expect("BALLAST_POWER_CUTS is a number"));
    let (borne, broken) = try_cuts(count, "power");
    assert_eq!(borne as u64, count, "{broken:#?}");
    // Without flushes the same cuts must do harm, or nothing is shown.
    let (_, broken) = try_cuts(HARMFUL_CUTS, "process");
    assert!(broken.len() > 3, "{broken:#?}");
}
