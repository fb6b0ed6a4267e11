//! Images that are none, or not what their names say: each fails alone, named with its reason.

use crate::world::World;
use std::fs;

#[test]
fn a_bad_image_fails_alone() {
    let world = World::new();
    let good = world.images();
    let jpeg = fs::read(world.input().join("photograph_00.jpg")).unwrap();
    let bad: [(&str, Vec<u8>, &str); 5] = [
        ("empty.png", Vec::new(), "empty"),
        ("truncated.jpg", jpeg[..jpeg.len() / 2].to_vec(), "truncated"),
        ("text.png", b"this is no image".to_vec(), "unsupported"),
        ("mislabelled.png", jpeg.clone(), "unsupported"),
        ("corrupt.jpg", [&jpeg[..200], &[0xFF; 64], &jpeg[200..]].concat(), ""),
    ];
    for (name, bytes, _) in &bad {
        fs::write(world.input().join(name), bytes).unwrap();
    }
    let (server, _nodes) = world.cluster(&["0.2", "0.5"], &[]);
    let said = world.client(&server, &["data", "load_balancing"]);
    assert_eq!(said.status, Some(3), "{said:?}");
    for (name, _, reason) in &bad {
        let line = said.out.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not named in {}", said.out));
        assert!(line.contains(reason), "{line}");
    }
    world.check_results(&good, "edges");
}

#[test]
fn odd_names_are_names() {
    let world = World::empty();
    let shipped = World::new();
    let bytes = fs::read(shipped.input().join("photograph_01.png")).unwrap();
    let long = format!("{}.png", "x".repeat(251));
    let names = [
        "with space.png",
        "[brackets]*?.PNG",
        "naïve ☂.png",
        "new\nline.png",
        "-dash.png",
        "=1+1.png",
        &long,
    ];
    for name in names {
        fs::write(world.input().join(name), &bytes).unwrap();
    }
    let (server, _nodes) = world.cluster(&["0.5", "0"], &[]);
    let said = world.client(&server, &["data", "power_of_two"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    world.check_results(&world.images(), "edges");
    let run = records::Run::read(&world.run_folder()).unwrap();
    let mut recorded: Vec<String> = run.tasks.iter().map(|task| task.image.to_string()).collect();
    recorded.sort();
    assert_eq!(recorded, world.images(), "names come back from the records as they were");
}

#[test]
fn folders_below_are_done_on_request() {
    let world = World::new();
    fs::create_dir_all(world.input().join("a/b")).unwrap();
    fs::rename(world.input().join("photograph_02.jpg"), world.input().join("a/b/deep.jpg")).unwrap();
    let (server, _nodes) = world.cluster(&["0"], &[]);
    let said = world.client(&server, &["data", "random", "--recursive"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    let result = fs::read(world.output().join("a/b/deep.jpg")).unwrap();
    assert!(result == crate::world::expected(&world.input().join("a/b/deep.jpg"), "edges"));
}
