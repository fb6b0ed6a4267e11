//! Any picture, any operation, any cut: the merged parts are the whole picture's result, byte for byte.

use imaging::image::{Channels, Image};
use imaging::operation::{Operation, Scratch, descriptions};
use imaging::segment::{Cut, Partial, Plan, Progress, SegmentError, Size, Summary, apply, begin, redo};
use luck::Seed;
use proptest::prelude::*;

/// Beyond the defaults of the whole table: parameters that hide seams less well, and chains.
const MORE: &[&str] = &[
    "edges[low=100,high=200]",
    "edges[low=300,high=2000]",
    "canny[low=10,high=30,aperture=5,mean=3]",
    "canny[low=50,high=150]",
    "canny[low=30,high=900,aperture=5]",
    "canny[low=0,high=700]",
    "blur[size=5]",
    "blur[size=63]",
    "sharpen[size=9]",
    "median[size=5]",
    "equalize[open=7,close=5]",
    "equalize[open=1,close=1]",
    "threshold[kind=otsu]",
    "normalize[smallest=30]",
    "normalize[smallest=30,largest=120]",
    "resize[percent=37]",
    "resize[percent=230]",
    "resize[width=50,height=61]",
    "resize[width=1,height=200]",
    "crop[part=0.3,seed=5]",
    "crop[part=1,blur=1,median=1]",
    "noise[layers=1,salt=0.2,seed=9]",
    "corners[threshold=5]",
    "blobs[size=5,threshold=3]",
    "lines[low=20,high=60,votes=8,count=7]",
    "grayscale | blur[size=5] | canny",
    "blur[size=9] | canny[low=20,high=60] | blur[size=7]",
    "equalize | normalize[low=30,high=80] | sharpen | equalize",
    "crop | equalize | resize[percent=200] | canny",
    "canny[low=20,high=80] | lines[votes=6]",
    "resize[percent=20] | edges[low=20,high=90] | crop[seed=3]",
];

fn operations() -> Vec<String> {
    descriptions().map(|d| d.name.to_owned()).chain(MORE.iter().map(|text| (*text).to_owned())).collect()
}

/// Smooth hills with noise: long weak edges with strong spots, which is what seams break.
fn picture(size: Size, channels: Channels, seed: u64, noise: i64) -> Image {
    let luck = |k: u64| Seed(seed).derive(k).0;
    let hills: Vec<[f64; 4]> = (0..5)
        .map(|k| std::array::from_fn(|j| (luck(10 * k + j as u64) >> 40) as f64 / (1u64 << 24) as f64))
        .collect();
    let mut samples = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            for c in 0..channels.count() {
                let height: f64 = hills
                    .iter()
                    .map(|[a, b, phase, size]| {
                        let along =
                            x as f64 * (a - 0.5) + y as f64 * (b - 0.5) + 6.3 * phase + c as f64 * size;
                        40.0 * size * along.sin()
                    })
                    .sum();
                let place = 1000 + ((y * size.width + x) * 3 + c) as u64;
                let jitter =
                    if noise > 0 { (luck(place) % (2 * noise as u64 + 1)) as i64 - noise } else { 0 };
                samples.push((128 + height as i64 + jitter).clamp(0, 255) as u8);
            }
        }
    }
    Image { width: size.width, height: size.height, channels, samples }
}

fn cuts() -> impl Strategy<Value = Cut> {
    let weights = || proptest::collection::vec(0.2f64..3.0, 1..7);
    prop_oneof![
        weights().prop_map(Cut::Rows),
        weights().prop_map(Cut::Columns),
        (1usize..4, 1usize..4).prop_map(|(columns, rows)| Cut::Tiles { columns, rows }),
    ]
}

fn differences(whole: &Image, merged: &Image) -> Option<String> {
    if (whole.width, whole.height, whole.channels) != (merged.width, merged.height, merged.channels) {
        return Some(format!(
            "{}x{} instead of {}x{}",
            merged.width, merged.height, whole.width, whole.height
        ));
    }
    let row = whole.width * whole.channels.count();
    let at = whole.samples.iter().zip(&merged.samples).position(|(a, b)| a != b)?;
    Some(format!("first difference at row {}, sample {}", at / row, at % row))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn parts_merge_to_the_whole_for_every_operation(
        width in 1usize..90,
        height in 1usize..90,
        color in any::<bool>(),
        seed in any::<u64>(),
        noise in 0i64..40,
        cut in cuts(),
    ) {
        let channels = if color { Channels::Rgb } else { Channels::Gray };
        let image = picture(Size { width, height }, channels, seed, noise);
        for text in operations() {
            let operation = Operation::parse(&text).unwrap();
            let whole = operation.apply(image.clone()).unwrap();
            match apply(&operation, &image, &cut) {
                Ok(merged) => {
                    let difference = differences(&whole, &merged);
                    prop_assert!(difference.is_none(), "{text}, {cut:?}: {}", difference.unwrap_or_default());
                }
                Err(SegmentError::TooManyParts { .. }) => {}
                Err(error) => prop_assert!(false, "{text}: {error}"),
            }
        }
    }
}

/// Lets all parts come to their ends over the wire's bytes; gives summaries and results.
fn run(plan: &Plan, image: &Image) -> (Vec<Summary>, Vec<Image>) {
    let mut scratch = Scratch::new();
    let mut parts: Vec<Progress> = (0..plan.parts().len())
        .map(|part| begin(plan, part, plan.source_of(part, image).unwrap(), &mut scratch).unwrap())
        .collect();
    let mut summaries = Vec::new();
    while parts.iter().any(|part| matches!(part, Progress::Waiting(_))) {
        let told = parts.iter().map(|part| match part {
            Progress::Waiting(waiting) => Partial::from_bytes(&waiting.partial().to_bytes()).unwrap(),
            Progress::Finished(_) => panic!("all parts stop together"),
        });
        let summary = Summary::combine(&told.collect::<Vec<_>>()).unwrap();
        let summary = Summary::from_bytes(&summary.to_bytes()).unwrap();
        let go_on = |part| match part {
            Progress::Waiting(waiting) => waiting.resume(plan, &summary, &mut scratch).unwrap(),
            finished => finished,
        };
        parts = parts.into_iter().map(go_on).collect();
        summaries.push(summary);
    }
    let results = parts.into_iter().map(|part| match part {
        Progress::Finished(image) => image,
        Progress::Waiting(_) => unreachable!("none waits"),
    });
    (summaries, results.collect())
}

#[test]
fn a_lost_part_is_done_again_alone() {
    let image = picture(Size { width: 120, height: 100 }, Channels::Rgb, 5, 12);
    for text in operations() {
        let operation = Operation::parse(&text).unwrap();
        let cut = Cut::Tiles { columns: 1, rows: 1 };
        let cut = if operation.apply(image.clone()).unwrap().height > 4 { Cut::rows(4) } else { cut };
        let plan = Plan::new(&operation, Size::of(&image), &cut).unwrap();
        let (summaries, results) = run(&plan, &image);
        for (part, result) in results.iter().enumerate() {
            let pixels = plan.source_of(part, &image).unwrap();
            let again = redo(&plan, part, pixels, &summaries, &mut Scratch::new()).unwrap();
            assert_eq!(&again, result, "{text}, part {part}");
        }
        assert_eq!(plan.merge(&results).unwrap(), operation.apply(image.clone()).unwrap(), "{text}");
    }
}

#[test]
fn a_halo_alone_would_not_do_for_canny() {
    // Without the word between parts this picture's seams show: the test above would miss a fault otherwise.
    let image = picture(Size { width: 160, height: 160 }, Channels::Gray, 11, 6);
    let operation = Operation::parse("canny[low=50,high=150]").unwrap();
    let plan = Plan::new(&operation, Size::of(&image), &Cut::rows(5)).unwrap();
    let (summaries, _) = run(&plan, &image);
    let Summary::Kept(kept) = &summaries[0] else { panic!("Canny asks which components to keep") };
    assert!(kept.iter().any(|components| !components.is_empty()), "no component was joined across a seam");
    let alone: Vec<Image> = plan
        .parts()
        .iter()
        .map(|part| {
            let nothing = [Summary::Kept(vec![Vec::new(); 5])];
            let pixels = plan.source_of(part.index, &image).unwrap();
            redo(&plan, part.index, pixels, &nothing, &mut Scratch::new()).unwrap()
        })
        .collect();
    assert_ne!(plan.merge(&alone).unwrap(), operation.apply(image).unwrap());
}

#[test]
fn halos_are_no_larger_than_needed() {
    let size = Size { width: 64, height: 300 };
    let halo = |text: &str| {
        let plan = Plan::new(&Operation::parse(text).unwrap(), size, &Cut::rows(3)).unwrap();
        let middle = plan.parts()[1];
        middle.result.y - middle.source.y
    };
    let texts =
        ["invert", "sketch", "sharpen", "blur", "median[size=5]", "canny", "edges", "equalize", "noise"];
    let halos = texts.map(halo);
    // The outermost weights of a Gaussian of 31 are 0; Canny needs one pixel more than its windows for the joints.
    assert_eq!(halos, [0, 1, 3, 14, 2, 3, 5, 4, 0]);
}

#[test]
fn what_does_not_fit_is_refused_with_a_reason() {
    let image = picture(Size { width: 20, height: 10 }, Channels::Gray, 1, 0);
    let invert = Operation::parse("invert").unwrap();
    let equalize = Operation::parse("equalize").unwrap();
    let size = Size::of(&image);
    let plan = Plan::new(&invert, size, &Cut::rows(2)).unwrap();
    let scratch = &mut Scratch::new();
    let messages = [
        Plan::new(&invert, size, &Cut::rows(11)).unwrap_err().to_string(),
        Plan::new(&invert, size, &Cut::rows(0)).unwrap_err().to_string(),
        begin(&plan, 2, image.clone(), scratch).unwrap_err().to_string(),
        begin(&plan, 0, image.clone(), scratch).unwrap_err().to_string(),
        plan.merge(std::slice::from_ref(&image)).unwrap_err().to_string(),
        redo(&plan, 0, plan.source_of(0, &image).unwrap(), &[Summary::Extremes(0, 1)], scratch)
            .unwrap_err()
            .to_string(),
        redo(&Plan::new(&equalize, size, &Cut::rows(1)).unwrap(), 0, image.clone(), &[], scratch)
            .unwrap_err()
            .to_string(),
        Summary::combine(&[Partial::Extremes(0, 1), Partial::Borders(Default::default())])
            .unwrap_err()
            .to_string(),
    ];
    assert_eq!(
        messages,
        [
            "11 parts are more than the 10 rows of the result; ask for 10 at most",
            "a cut needs at least one part and a positive weight for each",
            "there is no part 2; the plan has 2, numbered from 0",
            "part 0 needs (20, 5) pixels but was given (20, 10)",
            "the partials do not belong together: not one result of each part",
            "the summary is not of the kind that the part waits for, or not made for this plan",
            "the part waits for one more summary after the 0 given",
            "the partials do not belong together: they are of different kinds",
        ]
    );
}
