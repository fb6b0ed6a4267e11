//! Parts of images and batches of images.

use super::*;
use imaging::segment::{Cut, Partial, Piece, Plan, Size, Summary, assemble};
use wire::division::{Batch, BatchImages, ItemResult, JpegStrip, Segment, SegmentCut, SegmentSource};

/// A part of the cat, which is cut into bands of 10 and 14 rows.
fn part(source: SegmentSource, part: u32, summaries: &[Vec<u8>]) -> Segment {
    let (cut, summaries) = (SegmentCut::Rows(vec![10, 14]), summaries.to_vec());
    Segment { source, image: 0, width: 32, height: 24, part, cut, strip: None, summaries }
}

fn inline(number: u32, summaries: &[Vec<u8>]) -> Segment {
    part(SegmentSource::Inline(cat()), number, summaries)
}

fn attempt(node: &Node, segment: Segment) -> AttemptResult {
    let task = u64::from(segment.part);
    let request = AttemptRequest { task, ..request(Work::Segment(Box::new(segment))) };
    node.attempt(request).unwrap().result
}

fn piece(node: &Node, segment: Segment) -> Piece {
    let AttemptResult::Inline(bytes) = attempt(node, segment) else { panic!("not inline") };
    Piece::from_bytes(&bytes).unwrap()
}

/// The summary of what both parts have seen, as it travels.
fn summary(node: &Node) -> Vec<u8> {
    let seen: Vec<Partial> = [0, 1]
        .map(|number| match piece(node, inline(number, &[])) {
            Piece::Seen(partial) => partial,
            other => panic!("{other:?}"),
        })
        .to_vec();
    Summary::combine(&seen).unwrap().to_bytes()
}

#[test]
fn parts_make_the_whole_whether_the_node_has_kept_what_it_began_or_not() {
    let (at, other) = (Fixture::new("0"), Fixture::new("0"));
    let summaries = [summary(&at.node)];
    let size = Size { width: 32, height: 24 };
    let plan = Plan::new(&Operation::parse("edges").unwrap(), size, &Cut::Rows(vec![10.0, 14.0])).unwrap();
    // The second time nothing is kept any more: each part begins from its pixels.
    for node in [&at.node, &at.node, &other.node] {
        let pieces = [0, 1].map(|number| piece(node, inline(number, &summaries))).to_vec();
        let file = assemble(&plan, Format::Png, &EncodeOptions::default(), pieces).unwrap();
        assert!(file == edges_of_cat());
    }
}

#[test]
fn on_a_shared_folder_what_was_seen_travels_and_pixels_stay_in_a_file() {
    let at = Fixture::new("0");
    let shared =
        || SegmentSource::Shared(SharedFile { base_path: at.base(), file_name: "cat.png".to_owned() });
    assert!(matches!(piece(&at.node, part(shared(), 0, &[])), Piece::Seen(_)));
    let AttemptResult::TemporaryFile(name) = attempt(&at.node, part(shared(), 1, &[summary(&at.node)]))
    else {
        panic!("no file")
    };
    let bytes = std::fs::read(at.folder.path().join("output_dir").join(&name)).unwrap();
    let Ok(Piece::Pixels(pixels)) = Piece::from_bytes(&bytes) else { panic!("no pixels") };
    assert_eq!((pixels.width, pixels.height), (32, 14));
    assert_eq!(at.results(), [PathBuf::from(name)]);
}

#[test]
fn a_part_that_cannot_be_is_the_requests_or_the_images_fault() {
    let at = Fixture::new("0 --max-image-pixels 2000");
    let tried = |segment| at.node.attempt(request(Work::Segment(Box::new(segment)))).unwrap_err();
    let invalid = |segment| match tried(segment) {
        AttemptError::Invalid { field, why } => format!("{field}: {why}"),
        other => panic!("{other:?}"),
    };
    assert!(invalid(inline(2, &[])).starts_with("segment: "));
    assert!(invalid(inline(0, &[vec![9, 9]])).starts_with("segment: "));
    let many = SegmentCut::Tiles { columns: 1000, rows: 1000 };
    assert!(invalid(Segment { cut: many, ..inline(0, &[]) }).contains("1000000 parts are too many"));
    let (head_bytes, bytes, predictors) = (1 << 40, 9, [0; 4]);
    let strip = JpegStrip {
        head_bytes,
        offset: 9,
        bytes,
        first_mcu_row: 0,
        bit: 0,
        restart: 0,
        left: None,
        predictors,
    };
    let long = Segment { strip: Some(strip), ..inline(0, &[]) };
    assert_eq!(invalid(long), "segment.strip: its head is longer than the bytes that came");

    let failed = |segment| match tried(segment) {
        AttemptError::Failed { kind, why, .. } => (kind, why),
        other => panic!("{other:?}"),
    };
    let (kind, why) = failed(Segment { width: 33, ..inline(0, &[]) });
    assert_eq!(kind, FailureKind::Corrupt);
    assert!(why.contains("changed since it was cut: submit the job again"), "{why}");
    assert_eq!(failed(Segment { width: 100, ..inline(0, &[]) }).0, FailureKind::TooLarge);
}

#[test]
fn an_image_that_fails_in_a_batch_fails_alone() {
    let at = Fixture::new("0");
    let file_names = ["cat.png", "dog.png", "cat.png"].map(str::to_owned).to_vec();
    let images = BatchImages::Shared { base_path: at.base(), file_names };
    let batch = Batch { images, operations: Vec::new(), measure: false };
    let AttemptResult::Items(items) = at.node.attempt(request(Work::Batch(batch))).unwrap().result else {
        panic!("no items")
    };
    let results = at.results();
    assert_eq!((items.len(), results.len()), (3, 2));
    assert!(matches!(&items[1], Err((FailureKind::NotFound, why)) if why.contains("dog.png")));
    for name in results {
        let file = std::fs::read(at.folder.path().join("output_dir").join(name)).unwrap();
        assert!(file == edges_of_cat());
    }
}

#[test]
fn a_batch_that_measures_counts_every_sample_and_writes_nothing() {
    let at = Fixture::new("0");
    let images = BatchImages::Inline(vec![cat(), b"no image".to_vec()]);
    let batch = Batch { images, operations: Vec::new(), measure: true };
    let AttemptResult::Items(items) = at.node.attempt(request(Work::Batch(batch))).unwrap().result else {
        panic!("no items")
    };
    let Ok(done) = &items[0] else { panic!("{items:?}") };
    let ItemResult::Statistics(counts) = &done.result else { panic!("{done:?}") };
    assert_eq!(counts.iter().sum::<u64>(), 32 * 24 * 3);
    assert!(matches!(&items[1], Err((FailureKind::Unsupported, _))));
    assert!(at.results().is_empty());
}
