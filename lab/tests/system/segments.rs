//! Images in parts, in batches and as data sets: whatever the way, the results are those of whole images.

use crate::world::World;
use imaging::codec::{self, EncodeOptions, Format, Limits};
use imaging::image::{Channels, Image};
use imaging::operation::{Operation, draw};
use imaging::statistics::Statistics;
use luck::Seed;
use records::{AttemptOutcome, AttemptRow, Run};
use std::fs;
use std::process::Stdio;

/// Two shipped images, a JPEG and a PNG, and a JPEG that nodes must decode whole: it lies on its side.
fn small_world() -> World {
    let (world, shipped) = (World::empty(), World::new());
    for name in ["photograph_00.jpg", "photograph_01.png"] {
        fs::copy(shipped.input().join(name), world.input().join(name)).unwrap();
    }
    let plain = fs::read(shipped.input().join("photograph_02.jpg")).unwrap();
    let exif = b"\xFF\xE1\x00\x22Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    fs::write(world.input().join("turned.jpg"), [&plain[..2], exif, &plain[2..]].concat()).unwrap();
    world
}

#[test]
fn parts_merge_to_the_bytes_of_the_whole_whatever_refuses_on_the_way() {
    let world = small_world();
    let (server, _nodes) = world.cluster(&["0.5", "0.3", "0"], &[]);
    let ways: [(&str, &[&str]); 9] = [
        ("edges", &["--segments", "auto"]),
        ("canny[low=100,high=200]", &["--segments", "5"]),
        ("canny[low=100,high=200]", &["--segments", "4", "--cut", "tiles", "--transfer", "inline"]),
        ("equalize", &["--segments", "3", "--transfer", "inline"]),
        ("blur[size=31]", &["--segments", "7", "--cut", "columns"]),
        ("crop[seed=3]", &["--segments", "2"]),
        ("lines", &["--segments", "3"]),
        ("equalize | normalize[low=30,high=80] | canny[low=20,high=80]", &["--segments", "auto"]),
        ("grayscale", &["--segments", "1"]),
    ];
    for (operation, way) in ways {
        let arguments = [&["data", "load_balancing", "--operation", operation], way].concat();
        let said = world.client(&server, &arguments);
        assert_eq!(said.status, Some(0), "{operation}: {said:?}");
        assert!(said.out.starts_with("Done: 3 of 3 images"), "{}", said.out);
        world.check_results(&world.images(), operation);
        fs::remove_dir_all(world.output()).unwrap();
    }
    let run = Run::read(&world.run_folder()).unwrap();
    assert_eq!(run.tasks.len(), 3 * ways.len(), "a row an image");
    // Where nobody asked for a number of parts, a PNG stays whole.
    let is_whole = |row: &AttemptRow| row.image.ends_with(".png") && row.segment == "batch of 1".into();
    assert!(run.attempts.iter().all(|row| row.segment.starts_with("part ") || is_whole(row)));
    assert!(run.attempts.iter().any(is_whole));
    assert!(run.attempts.iter().any(|row| row.outcome == AttemptOutcome::Rejected));
}

#[test]
fn a_node_that_dies_loses_only_its_parts() {
    let world = small_world();
    for number in 0..25 {
        let copy = world.input().join(format!("copy_{number:02}.jpg"));
        fs::copy(world.input().join("photograph_00.jpg"), copy).unwrap();
    }
    let (server, mut nodes) = world.cluster(&["0.9", "0.9", "0"], &[]);
    let mut command = world.client_command(
        &server,
        &["data", "random", "--segments", "auto", "--operation", "canny[low=100,high=200]"],
    );
    let mut client = command.stdout(Stdio::null()).spawn().unwrap();
    while world.results().iter().filter(|name| !name.starts_with('.')).count() < 2 {
        std::thread::yield_now();
    }
    drop(nodes.remove(0));
    assert_eq!(client.wait().unwrap().code(), Some(0));
    world.check_results(&world.images(), "canny[low=100,high=200]");
    let run = Run::read(&world.run_folder()).unwrap();
    assert!(run.attempts.iter().any(|row| row.outcome == AttemptOutcome::Lost), "the death was not felt");
}

#[test]
fn an_image_with_fewer_rows_than_parts_fails_alone() {
    let world = small_world();
    let image = Image { width: 64, height: 5, channels: Channels::Gray, samples: vec![9; 320] };
    let bytes = codec::encode(&image, Format::Png, &EncodeOptions::default()).unwrap();
    let good = world.images();
    fs::write(world.input().join("flat.png"), bytes).unwrap();
    fs::write(world.input().join("text.jpg"), "no image").unwrap();
    let (server, _nodes) = world.cluster(&["0", "0"], &[]);
    let said = world.client(&server, &["data", "random", "--segments", "9"]);
    assert_eq!(said.status, Some(3), "{said:?}");
    let why =
        "flat.png: edges on 64 x 5 pixels: 9 parts are more than the 5 rows of the result; ask for 5 at most";
    assert!(said.out.contains(why), "{}", said.out);
    assert!(said.out.contains("text.jpg: cannot do edges: not an image"), "{}", said.out);
    world.check_results(&good, "edges");
}

#[test]
fn a_bad_image_fails_alone_in_its_batch() {
    for transfer in ["shared", "inline"] {
        let world = small_world();
        let good = world.images();
        fs::write(world.input().join("a_bad.png"), "no image").unwrap();
        fs::write(world.input().join("z_empty.png"), "").unwrap();
        let (server, _nodes) = world.cluster(&["0.5", "0"], &[]);
        let said = world.client(&server, &["data", "load_balancing", "--batch", "4", "--transfer", transfer]);
        assert_eq!(said.status, Some(3), "{said:?}");
        assert!(
            said.out.contains("3 of 5 images") && said.out.contains("Without a result: 2 images"),
            "{}",
            said.out
        );
        world.check_results(&good, "edges");
        let run = Run::read(&world.run_folder()).unwrap();
        let done = run.attempts.iter().filter(|row| row.outcome == AttemptOutcome::Done);
        let mut batches: Vec<_> = done.map(|row| row.segment.to_string()).collect();
        batches.sort();
        assert_eq!(batches, ["batch of 1", "batch of 4"]);
        assert_eq!(run.tasks.len(), 5);
    }
}

#[test]
fn a_data_set_is_normalised_by_the_extremes_of_all() {
    let world = small_world();
    let mut all = Statistics::default();
    for (number, name) in ["dark.png", "darker.png"].into_iter().enumerate() {
        let samples = (0..640).map(|i| (20 + number + i % 90) as u8).collect();
        let image = Image { width: 32, height: 20, channels: Channels::Gray, samples };
        let bytes = codec::encode(&image, Format::Png, &EncodeOptions::default()).unwrap();
        fs::write(world.input().join(name), bytes).unwrap();
    }
    for image in world.images() {
        let bytes = fs::read(world.input().join(image)).unwrap();
        all.merge(&Statistics::of(&codec::decode(&bytes, &Limits::default()).unwrap().image));
    }
    let (smallest, largest) = all.extremes().unwrap();
    let (server, _nodes) = world.cluster(&["0.5", "0"], &[]);
    for way in [&["--batch", "2"][..], &["--segments", "2"], &["--batch-target", "50ms"], &[]] {
        let arguments =
            [&["data", "load_balancing", "--operation", "normalize[low=5]", "--data-set"], way].concat();
        let said = world.client(&server, &arguments);
        assert_eq!(said.status, Some(0), "{said:?}");
        let told = format!("Data set: {} samples from {smallest} to {largest}", all.count());
        assert!(said.out.contains(&told), "{}", said.out);
        world.check_results(
            &world.images(),
            &format!("normalize[low=5,smallest={smallest},largest={largest}]"),
        );
    }
}

#[test]
fn a_mix_is_drawn_by_the_seed() {
    let world = World::new();
    let (server, _nodes) = world.cluster(&["0.3"], &[]);
    let texts = ["invert", "grayscale | blur[size=5]", "red"];
    let operations = texts.map(|text| Operation::parse(text).unwrap());
    for way in [&["--segments", "2"][..], &["--batch", "3"], &[]] {
        let mix = texts.join(";");
        let arguments = [&["data", "random", "--seed", "7", "--operation", &mix], way].concat();
        let said = world.client(&server, &arguments);
        assert_eq!(said.status, Some(0), "{said:?}");
        for (number, image) in world.images().iter().enumerate() {
            let drawn = draw(&operations, Seed(7), number as u64).unwrap().to_string();
            let result = fs::read(world.output().join(image)).unwrap();
            assert!(result == crate::world::expected(&world.input().join(image), &drawn), "{image} {drawn}");
        }
    }
}
