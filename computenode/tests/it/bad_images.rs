//! What people read about an image that is at fault: file, operation, cause, remedy, in one sentence.

use crate::process::{Node, PATIENCE, cat, shared};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use wire::node::{AttemptError, AttemptRequest};

/// Why the node could not do `operation` on a file of `folder`.
fn why(node: &Node, folder: &Path, operation: &str, name: &str) -> String {
    let attempt = AttemptRequest { operation: operation.to_owned(), ..shared(folder, name) };
    match node.client().attempt(&attempt, PATIENCE).unwrap() {
        Err(AttemptError::Failed { kind, why, .. }) => format!("{kind:?}: {why}"),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn every_sentence_names_file_operation_cause_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::anywhere(folder.path(), "0 --max-image-bytes 5000 --max-image-pixels 1000");
    let input = folder.path().join("input_dir");
    fs::create_dir_all(input.join("folder.png")).unwrap();
    let whole = cat();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 16].fill(0x5A);
    let mut bomb = whole.clone();
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x5F, 0x90]);
    let checksum = crc32fast::hash(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&checksum);
    let files: [(&str, &[u8]); 7] = [
        ("empty.png", b""),
        ("cut.png", &whole[..whole.len() / 2]),
        ("damaged.png", &damaged),
        ("text.png", b"not an image"),
        ("label.jpg", &whole),
        ("heavy.png", &[0; 5_001]),
        ("bomb.png", &bomb),
    ];
    let mut told = String::new();
    for (name, bytes) in files {
        fs::write(input.join(name), bytes).unwrap();
        let _ = writeln!(told, "{}", why(&node, folder.path(), "grayscale | canny", name));
    }
    for name in ["gone.png", "folder.png"] {
        let _ = writeln!(told, "{}", why(&node, folder.path(), "blur", name));
    }
    insta::assert_snapshot!(told, @r#"
    Empty: cannot do grayscale | canny: "empty.png" has no bytes; copy it again from its source
    Truncated: cannot do grayscale | canny: "cut.png": the PNG file is cut off: its end chunk is missing; copy it again from its source
    Corrupt: cannot do grayscale | canny: "damaged.png": the PNG file is damaged: Unknown filter method 90; copy it again from its source
    Unsupported: cannot do grayscale | canny: "text.png": not an image of a known format (JPEG, PNG, BMP, GIF, WebP, TIFF); its first bytes are 6e 6f 74 20 61 6e 20 69; convert it to one of them
    Unsupported: cannot do grayscale | canny: "label.jpg": its name says JPEG but it is PNG: rename it, or convert it
    TooLarge: cannot do grayscale | canny: "heavy.png" is larger than 5000 bytes: raise --max-image-bytes or shrink it
    TooLarge: cannot do grayscale | canny: "bomb.png": the image has 9000000000 pixels, the limit is 1000; shrink it, or start the nodes with a larger --max-image-pixels
    NotFound: cannot do blur: "gone.png" is not in input_dir: put it there and submit again
    Unreadable: cannot do blur: "folder.png" is a folder, a pipe or a device, not a regular file: put one there
    "#);
}
