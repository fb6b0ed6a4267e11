//! `lab collect`: an array that numpy reads in one line.

use crate::support::{run, text};
use imaging::codec::{EncodeOptions, Format, encode};
use imaging::image::{Channels, Image};
use std::fs;
use std::path::Path;

fn write(folder: &Path, name: &str, width: usize, height: usize, first: u8) {
    let samples = (0..width * height * 3).map(|i| first.wrapping_add((i % 50) as u8)).collect();
    let image = Image { width, height, channels: Channels::Rgb, samples };
    fs::write(folder.join(name), encode(&image, Format::Png, &EncodeOptions::default()).unwrap()).unwrap();
}

#[test]
fn images_of_one_shape_make_one_array_and_what_is_no_image_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    write(&images, "a.png", 6, 4, 10);
    write(&images, "b, b.png", 6, 4, 100);
    fs::write(images.join("c.png"), "no image").unwrap();
    let file = folder.path().join("set.npy");
    let output = run(&["collect", text(&images), text(&file)]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not collected: c.png: not an image"));
    let bytes = fs::read(&file).unwrap();
    assert!(String::from_utf8_lossy(&bytes[..128]).contains("'shape': (2, 4, 6, 3,)"));
    assert_eq!(bytes.len() % 64, (2 * 4 * 6 * 3) % 64);
    let index = fs::read_to_string(folder.path().join("set.csv")).unwrap();
    assert_eq!(index.lines().nth(2), Some("\"b, b.png\",72,4,6,3,100,149,120.2222,,"), "{index}");

    // Cut short after the first image, it goes on and comes to the same.
    let unfinished = |name: &str| folder.path().join(format!("{name}.unfinished"));
    fs::rename(&file, unfinished("set.npy")).unwrap();
    let first: String = index.lines().take(2).map(|line| format!("{line}\n")).collect();
    fs::write(unfinished("set.csv"), first + "\"b, b.p").unwrap();
    let output = run(&["collect", text(&images), text(&file)]);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("of which 1 images were there already"),
        "{output:?}"
    );
    assert_eq!(fs::read(&file).unwrap(), bytes);
    assert_eq!(fs::read_to_string(folder.path().join("set.csv")).unwrap(), index);
}

#[test]
fn numpy_reads_it_in_one_line() {
    let Ok(python) = std::env::var("BALLAST_PYTHON") else {
        eprintln!("skipped: BALLAST_PYTHON names no interpreter with numpy");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    write(&images, "a.png", 6, 4, 10);
    write(&images, "b.png", 3, 5, 100);
    let file = folder.path().join("set.npy");
    assert!(run(&["collect", text(&images), text(&file), "--as", "f32"]).status.success());
    let line = "import numpy, sys; a = numpy.load(sys.argv[1]); \
                print(a.dtype, a.shape, a.min() < 1e-6, a.max(), a[72:].reshape(5, 3, 3).shape)";
    let output = std::process::Command::new(python).args(["-c", line, text(&file)]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "float32 (117,) True 1.0 (5, 3, 3)", "{output:?}");
}

#[test]
fn an_array_that_has_the_name_of_its_index_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.png", 6, 4, 10);
    let file = folder.path().join("set.csv");
    let output = run(&["collect", text(folder.path()), text(&file)]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the index gets this name"), "{output:?}");
    assert!(!file.exists());
}
