//! Tries to leave the data roots, by every way that a name offers.

use super::*;
use std::fs;
use std::os::unix::fs::symlink;

/// A data root with a data folder in it, and a secret beside the root.
struct Fixture {
    outer: tempfile::TempDir,
    roots: DataRoots,
}

impl Fixture {
    fn new() -> Fixture {
        let outer = tempfile::tempdir().unwrap();
        let input = outer.path().join("root/data/input_dir");
        fs::create_dir_all(input.join("holiday")).unwrap();
        fs::write(input.join("cat.png"), b"cat").unwrap();
        fs::write(input.join("holiday/sea.png"), b"sea").unwrap();
        fs::write(input.join("empty.png"), b"").unwrap();
        fs::write(outer.path().join("secret"), b"secret").unwrap();
        let roots = DataRoots::open(&[outer.path().join("root")]).unwrap();
        Fixture { outer, roots }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.outer.path().join(path)
    }

    fn data(&self) -> DataFolder<'_> {
        self.roots.find(self.path("root/data").to_str().unwrap()).unwrap()
    }

    fn read(&self, file_name: &str) -> Result<Vec<u8>, Trouble> {
        self.data().read(file_name, 100)
    }
}

fn image_trouble(outcome: Result<Vec<u8>, Trouble>) -> (FailureKind, String) {
    match outcome {
        Err(Trouble::Image(kind, why)) => (kind, why),
        other => panic!("no trouble with the image: {other:?}"),
    }
}

#[test]
fn reads_what_is_inside() {
    let at = Fixture::new();
    assert_eq!(at.read("cat.png").unwrap(), b"cat");
    assert_eq!(at.read("holiday/sea.png").unwrap(), b"sea");
}

#[test]
fn odd_names_work() {
    let at = Fixture::new();
    let longest = format!("{}.png", "x".repeat(251));
    for name in ["new\nline.png", "a b.png", "Größe 猫.png", "-rf", "back\\slash.png", longest.as_str()] {
        fs::write(at.path("root/data/input_dir").join(name), name).unwrap();
        assert_eq!(at.data().read(name, 1_000).unwrap(), name.as_bytes(), "{name:?}");
    }
}

#[test]
fn every_base_path_that_means_the_folder_finds_it() {
    let at = Fixture::new();
    symlink(at.path("root"), at.path("alias")).unwrap();
    let root = at.path("root");
    for base in ["data", "./data", "data/."] {
        assert_eq!(at.roots.find(base).unwrap().read("cat.png", 100).unwrap(), b"cat", "{base}");
        let absolute = root.join(base);
        assert!(at.roots.find(absolute.to_str().unwrap()).is_ok(), "{absolute:?}");
    }
    let through_alias = at.path("alias/data");
    assert_eq!(at.roots.find(through_alias.to_str().unwrap()).unwrap().read("cat.png", 100).unwrap(), b"cat");
    let itself = DataRoots::open(&[at.path("root/data")]).unwrap();
    assert_eq!(
        itself.find(at.path("root/data").to_str().unwrap()).unwrap().read("cat.png", 100).unwrap(),
        b"cat"
    );
}

#[test]
fn a_base_path_outside_every_root_is_the_nodes_fault() {
    let at = Fixture::new();
    fs::create_dir_all(at.path("other/input_dir")).unwrap();
    symlink(at.path("other"), at.path("root/escape")).unwrap();
    let outside = ["other", "root/../other", "root/data/../../other", "rootless", "nowhere"];
    let absolute = outside.map(|path| at.path(path).to_str().unwrap().to_owned());
    for base in absolute.iter().map(String::as_str).chain(["../other", "data/../../other", "/", "a\0b"]) {
        match at.roots.find(base) {
            Err(Trouble::Node(FaultKind::NoAccess, why)) => assert!(why.contains("--data-root"), "{why}"),
            other => panic!("{base:?}: {other:?}"),
        }
    }
    // The name lies inside, the folder does not: the kernel tells.
    let escape = at.roots.find("escape").unwrap();
    assert!(matches!(escape.read("cat.png", 100), Err(Trouble::Node(FaultKind::NoAccess, _))));
    assert!(escape.write_temporary("a.tmp", &[b"x"], Missing::Make).is_err());
    assert!(!at.path("other/output_dir").exists());
}

#[test]
fn symbolic_links_work_inside_the_root_and_not_out_of_it() {
    let at = Fixture::new();
    let input = at.path("root/data/input_dir");
    symlink("cat.png", input.join("inside.png")).unwrap();
    symlink("../../../secret", input.join("relative.png")).unwrap();
    symlink(at.path("secret"), input.join("absolute.png")).unwrap();
    symlink("../../..", input.join("folder")).unwrap();
    symlink("loop.png", input.join("loop.png")).unwrap();
    symlink("nothing.png", input.join("dangling.png")).unwrap();
    assert_eq!(at.read("inside.png").unwrap(), b"cat");
    for name in ["relative.png", "absolute.png", "folder/secret"] {
        let (kind, why) = image_trouble(at.read(name));
        assert_eq!(kind, FailureKind::Unreadable, "{why}");
        assert!(why.contains("leads out of the data root"), "{why}");
    }
    assert_eq!(image_trouble(at.read("loop.png")).0, FailureKind::Unreadable);
    assert_eq!(image_trouble(at.read("dangling.png")).0, FailureKind::NotFound);
}

#[test]
fn only_regular_files_are_read_and_a_pipe_does_not_hang() {
    let at = Fixture::new();
    let pipe = at.path("root/data/input_dir/pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for name in ["pipe.png", "holiday"] {
        let (kind, why) = image_trouble(at.read(name));
        assert_eq!(kind, FailureKind::Unreadable);
        assert!(why.contains("not a regular file"), "{why}");
    }
}

#[test]
fn missing_empty_and_large_files_are_named_with_the_reason() {
    let at = Fixture::new();
    assert_eq!(image_trouble(at.read("dog.png")).0, FailureKind::NotFound);
    assert_eq!(image_trouble(at.read("cat.png/dog.png")).0, FailureKind::NotFound);
    assert_eq!(image_trouble(at.read("empty.png")).0, FailureKind::Empty);
    fs::write(at.path("root/data/input_dir/edge.png"), [7; 100]).unwrap();
    fs::write(at.path("root/data/input_dir/large.png"), [7; 101]).unwrap();
    assert_eq!(at.read("edge.png").unwrap().len(), 100);
    let (kind, why) = image_trouble(at.read("large.png"));
    assert_eq!(kind, FailureKind::TooLarge);
    assert!(why.contains("--max-image-bytes"), "{why}");
}

#[test]
fn a_folder_that_the_node_does_not_have_is_the_nodes_fault() {
    let at = Fixture::new();
    fs::create_dir(at.path("root/bare")).unwrap();
    for base in ["bare", "nowhere"] {
        match at.roots.find(base).unwrap().read("cat.png", 100) {
            Err(Trouble::Node(FaultKind::NoAccess, why)) => assert!(why.contains("input_dir"), "{why}"),
            other => panic!("{base}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_root_is_named() {
    let error = DataRoots::open(&[PathBuf::from("/nowhere/at/all")]).unwrap_err();
    assert!(
        error.to_string().contains("/nowhere/at/all") && error.to_string().contains("--data-root"),
        "{error}"
    );
}
