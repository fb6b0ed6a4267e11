//! The table of operations from outside: its text form, its errors, and its results pinned without OpenCV at hand.

use imaging::image::{Channels, Image};
use imaging::operation::{Domain, Operation, OperationError, Scratch, Value, descriptions, draw};
use lanes::Level;
use luck::Seed;
use proptest::prelude::*;

/// A picture with smooth parts, edges, texture and extremes, from integers alone.
pub(crate) fn picture(width: usize, height: usize, channels: Channels) -> Image {
    let mut samples = Vec::new();
    let mut state = 12345u32;
    for y in 0..height {
        for x in 0..width {
            for c in 0..channels.count() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let slope = 2 * x + 3 * y + 40 * c;
                let checks = if (x / 13 + y / 9) % 2 == 0 { 60 } else { 0 };
                let texture = if x > width / 2 { (state >> 27) as usize } else { (state >> 30) as usize };
                samples.push((slope % 190 + checks + texture).min(255) as u8);
            }
        }
    }
    Image { width, height, channels, samples }
}

/// FNV-1a of shape and samples.
fn digest(image: &Image) -> u64 {
    let shape = [image.width, image.height, image.channels.count()].map(|n| n as u8);
    shape
        .iter()
        .chain(&image.samples)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Results that were equal to OpenCV's when they were written down (noise and the place of a crop are our own).
pub(crate) const GOLDEN: &[(&str, u64, u64)] = &[
    ("edges", 0xd71d_f9c8_83ec_82b9, 0x7c4d_d737_2c43_577b),
    ("edges[low=100,high=200]", 0x1780_976c_ba56_edca, 0xccc6_5d13_b0ff_9f3c),
    ("canny", 0x11b9_b3b2_0a39_a252, 0x8807_1e40_2f59_df08),
    ("canny[low=10,high=30,aperture=5,mean=3]", 0x6dbf_f73d_ae2a_a4a8, 0xb0f3_e06e_b744_16aa),
    ("canny[low=30,high=300,aperture=5]", 0x8b76_f255_4734_08fa, 0x15a7_27d5_63ec_3161),
    ("grayscale", 0x64ae_b885_29f8_bc48, 0xdefc_e063_7287_66ca),
    ("sharpen", 0xbad8_a9ec_0b05_c61d, 0xd8ed_4313_84c1_f288),
    ("blur", 0xdbab_0099_87c3_3a0f, 0xc9bf_0e70_b915_9f50),
    ("blur[size=3]", 0x01d0_2744_c778_682f, 0xabec_a75d_94b7_fbe8),
    ("blur[size=5]", 0xede5_86cf_2f88_e808, 0x3ff8_127f_4e6e_5b52),
    ("blur[size=9,sigma=2.5]", 0x5dc9_6d2b_6512_3773, 0xfad0_7b1c_c625_f4a9),
    ("sketch", 0x29ef_26a8_f1de_d496, 0xe197_f849_e146_356a),
    ("invert", 0x4a8c_0e0d_1cc4_a375, 0x8221_e0f8_bc6b_3353),
    ("brightness", 0x644b_4774_e738_f8b2, 0xc6ad_e452_a807_2bdd),
    ("brightness[contrast=-0.7,offset=100]", 0xb21a_674a_098f_58a2, 0xb147_8158_401b_74a6),
    ("red", 0xb495_67b9_7997_3be7, 0x780d_7a25_0055_6488),
    ("green", 0xc269_3463_d4fc_006d, 0x90e7_c2fb_24c9_c9c8),
    ("blue", 0x1440_e5cc_28e5_dc46, 0xd5aa_c87f_363f_5f88),
    ("hsv", 0x6922_d618_2b52_0a87, 0x780d_7a25_0055_6488),
    ("heatmap", 0x20ca_127e_afd8_2141, 0xdbb7_8eb6_b195_4269),
    ("normalize[low=20,high=117]", 0xeb76_90a6_7ccb_7301, 0x8760_05de_4212_f411),
    ("normalize[smallest=20,largest=180]", 0xbf49_363b_e206_ddbf, 0x0b06_325e_b112_8e40),
    ("crop", 0x9f08_96ec_f59e_fd49, 0x5c55_6649_2e1a_77cc),
    ("noise", 0x5af9_2e31_c365_5614, 0x2c16_94d8_055e_f365),
    ("equalize", 0xbc5a_27b6_d035_8e51, 0x2972_2e23_dd2f_29d3),
    ("equalize[open=5,close=7]", 0x553c_ff6e_cbe1_3bf5, 0xa376_c1ef_607e_d8d7),
    ("median", 0x6961_25ef_6f4e_e64f, 0x7c01_1f68_48cc_c940),
    ("median[size=5]", 0xbacc_9544_a3f1_9ada, 0x9881_a58f_101e_dd97),
    ("threshold", 0x738e_3c2a_2193_5fa5, 0xbc86_28f8_042d_b2d9),
    ("threshold[kind=otsu]", 0x1f75_558a_8772_0902, 0xb8e8_ec02_f9c2_0158),
    ("resize", 0xc888_ef62_f269_2e3b, 0x20de_5414_3473_c3d7),
    ("resize[percent=37.5]", 0x5ae8_193c_0680_2178, 0xae4c_2991_1944_fc1f),
    ("resize[percent=250]", 0xecfd_a84e_b0f8_b279, 0x6220_b7e1_3742_dc72),
    ("corners", 0x9640_26a5_c5f5_2520, 0xd696_1a27_2191_435f),
    ("blobs", 0x4695_0886_0d30_83e0, 0xc8b6_44c9_fcb6_11d4),
    ("blobs[size=3,threshold=4]", 0xaf7b_5f17_9ba3_d7e4, 0xa172_10aa_4a6a_1a4b),
    ("lines[low=20,high=60,votes=12]", 0x33e4_489b_b14f_398e, 0xb1c1_ec95_c2a3_b42b),
    ("grayscale | blur[size=5] | canny[low=20,high=60]", 0xd49e_e345_3919_6e22, 0xed7b_c51f_81ea_d274),
];

#[test]
fn results_are_the_ones_that_were_compared_with_opencv() {
    let (color, gray) = (picture(101, 67, Channels::Rgb), picture(83, 59, Channels::Gray));
    let mut told = String::new();
    let mut same = true;
    for level in Level::available() {
        let mut scratch = Scratch::with_level(level);
        for (text, of_color, of_gray) in GOLDEN {
            let operation = Operation::parse(text).unwrap();
            let mut result =
                |image: &Image| digest(&operation.apply_with(image.clone(), &mut scratch).unwrap());
            let found = (result(&color), result(&gray));
            same &= found == (*of_color, *of_gray);
            told += &format!("    ({text:?}, {:#018x}, {:#018x}),\n", found.0, found.1);
        }
    }
    assert!(same, "results have changed; they are now, for each instruction set:\n{told}");
}

#[test]
fn every_operation_is_pinned() {
    let first = |text: &str| text.split('[').next().unwrap_or_default().to_owned();
    let pinned: Vec<String> = GOLDEN.iter().map(|(text, ..)| first(text)).collect();
    for description in descriptions() {
        assert!(
            pinned.iter().any(|name| name == description.name),
            "{} has no pinned result",
            description.name
        );
    }
}

/// Any operation with any values, as people might write it: blanks here and there, parameters in any order.
fn texts() -> impl Strategy<Value = String> {
    let all: Vec<_> = descriptions().collect();
    let step = (0..all.len(), proptest::collection::vec((any::<u64>(), any::<bool>()), 8), any::<bool>())
        .prop_map(move |(k, luck, blanks)| {
            let blank = if blanks { " " } else { "" };
            let mut assignments: Vec<String> = Vec::new();
            for (parameter, (luck, given)) in all[k].parameters.iter().zip(luck) {
                if given {
                    let value = value_of(parameter.domain, luck);
                    assignments.push(format!("{}{blank}={blank}{value}", parameter.name));
                }
            }
            assignments.reverse();
            let list =
                if assignments.is_empty() { String::new() } else { format!("[{}]", assignments.join(",")) };
            format!("{blank}{}{blank}{list}", all[k].name)
        });
    let chain = proptest::collection::vec(step, 1..4).prop_map(|steps| steps.join("|"));
    chain.prop_filter("values that contradict each other", |text| {
        !matches!(Operation::parse(text), Err(OperationError::Contradiction { .. }))
    })
}

fn value_of(domain: Domain, luck: u64) -> String {
    let within = |low: i64, high: i64| low + (luck % (high - low + 1).unsigned_abs().max(1)) as i64;
    match domain {
        Domain::Integer(low, high) => within(low, high.min(1000)).to_string(),
        Domain::Odd(low, high) => (within(low, high) / 2 * 2 + 1).min(high).to_string(),
        Domain::Real(low, high) => (low + (high - low) * (luck % 1000) as f64 / 1000.0).to_string(),
        Domain::Word(words) => words[luck as usize % words.len()].to_owned(),
    }
}

proptest! {
    #[test]
    fn the_canonical_text_is_read_back_as_the_same_operation(text in texts()) {
        let operation = Operation::parse(&text).unwrap();
        let canonical = operation.to_string();
        prop_assert_eq!(&Operation::parse(&canonical).unwrap(), &operation);
        prop_assert_eq!(Operation::parse(&canonical).unwrap().to_string(), canonical);
    }

    #[test]
    fn no_text_does_harm(text in "[a-z\\[\\]=,| 0-9.é-]{0,60}") {
        let _ = Operation::parse(&text);
    }

    #[test]
    fn any_operation_on_any_small_image_gives_an_image_or_an_error(
        text in texts(),
        width in 1usize..24,
        height in 1usize..24,
        color in any::<bool>(),
    ) {
        let channels = if color { Channels::Rgb } else { Channels::Gray };
        let operation = Operation::parse(&text).unwrap();
        match operation.apply(picture(width, height, channels)) {
            Ok(result) => {
                prop_assert_eq!(result.samples.len(), result.width * result.height * result.channels.count());
            }
            Err(error) => prop_assert!(matches!(error, OperationError::Unfit { .. }), "{error}"),
        }
    }
}

#[test]
fn defaults_are_left_out_and_the_rest_keeps_the_tables_order() {
    let canonical = |text: &str| Operation::parse(text).unwrap().to_string();
    assert_eq!(canonical(" edges [ high = 30 , low=10 ] "), "edges");
    assert_eq!(canonical("blur[]"), "blur");
    assert_eq!(canonical("canny[mean=3,low=10]|blur[sigma=2.50]"), "canny[low=10,mean=3] | blur[sigma=2.5]");
    assert_eq!(canonical("threshold[kind=binary,value=9]"), "threshold[value=9]");
}

#[test]
fn defaults_are_those_of_the_original_systems() {
    let default = |operation: &str, parameter: &str| {
        let found = descriptions().find(|d| d.name == operation).unwrap();
        found.parameters.iter().find(|p| p.name == parameter).unwrap().default
    };
    let integers = [
        ("edges", "low", 10),
        ("edges", "high", 30),
        ("edges", "aperture", 5),
        ("canny", "low", 100),
        ("canny", "high", 200),
        ("canny", "aperture", 3),
        ("sharpen", "size", 5),
        ("blur", "size", 31),
    ];
    for (operation, parameter, value) in integers {
        assert_eq!(default(operation, parameter), Value::Integer(value), "{operation}[{parameter}]");
    }
    assert_eq!(default("brightness", "contrast"), Value::Real(1.5));
    assert_eq!(default("brightness", "offset"), Value::Real(40.0));
}

#[test]
fn errors_name_the_known_and_the_nearest() {
    let message = |text: &str| Operation::parse(text).unwrap_err().to_string();
    let unknown = message("edgse");
    assert!(
        unknown.starts_with("there is no operation `edgse` (did you mean `edges`?); known are edges, canny")
    );
    assert!(message("Blur").contains("did you mean `blur`?"));
    assert!(!message("zzz").contains("did you mean"));
    assert_eq!(
        message("invert | normalize[largest=10, smallest=200]"),
        "normalize[smallest=200,largest=10]: smallest exceeds largest; give them the other way round"
    );
    let messages = [
        "blur[sise=5]",
        "invert[size=5]",
        "blur[size=4]",
        "blur[sigma=-1]",
        "threshold[kind=best]",
        "blur[size=5,size=7]",
        "blur[size 5]",
        "blur size=5",
        "",
        "grayscale | ",
    ]
    .map(message);
    assert_eq!(
        messages,
        [
            "blur has no parameter `sise` (did you mean `size`?); it takes size, sigma",
            "invert has no parameter `size`; it takes none",
            "blur[size=4]: size must be an odd number from 1 to 255",
            "blur[sigma=-1]: sigma must be a number from 0 to 100",
            "threshold[kind=best]: kind must be one of binary, inverse, otsu",
            "blur is given size twice; keep one",
            "`blur[size 5]` is no operation: write `name` or `name[parameter=value, parameter=value]`, and ` | ` \
             between two",
            "`blur size=5` is no operation: write `name` or `name[parameter=value, parameter=value]`, and ` | ` \
             between two",
            "`` is no operation: write `name` or `name[parameter=value, parameter=value]`, and ` | ` between two",
            "`` is no operation: write `name` or `name[parameter=value, parameter=value]`, and ` | ` between two",
        ]
    );
    let long = vec!["invert"; 33].join("|");
    assert_eq!(message(&long), "a chain of 33 operations is longer than the 32 allowed; split the job");
}

#[test]
fn images_that_contradict_themselves_are_refused() {
    let operation = Operation::parse("invert").unwrap();
    let image =
        |width, height, count| Image { width, height, channels: Channels::Rgb, samples: vec![0; count] };
    for bad in [image(2, 2, 11), image(0, 0, 0), image(usize::MAX, 2, 6)] {
        assert!(matches!(operation.apply(bad), Err(OperationError::Malformed { .. })));
    }
    let large = Operation::parse("invert | resize[width=65535,height=65535]").unwrap();
    let error = large.apply(image(1, 1, 3)).unwrap_err().to_string();
    assert_eq!(
        error,
        "resize[width=65535,height=65535] cannot be done on an image of 1×1: the result would be 65535×65535, more than \
         268435456 pixels; ask for less"
    );
}

#[test]
fn luck_is_the_seeds() {
    let image = picture(60, 50, Channels::Rgb);
    let result = |text: &str| Operation::parse(text).unwrap().apply(image.clone()).unwrap();
    assert_eq!(result("noise[seed=4]"), result("noise[seed=4]"));
    assert_ne!(result("noise[seed=4]"), result("noise[seed=5]"));
    assert_eq!(result("crop[seed=4]"), result("crop[seed=4]"));
    let places: Vec<Image> =
        (0..6).map(|seed| result(&format!("crop[part=0.4,blur=1,median=1,seed={seed}]"))).collect();
    assert!(places.iter().all(|place| (place.width, place.height) == (24, 20)));
    assert!(places.iter().any(|place| *place != places[0]));
}

#[test]
fn a_mix_is_the_seeds_and_uses_all() {
    let operations = ["crop", "noise", "grayscale | equalize"].map(|text| Operation::parse(text).unwrap());
    let mix = |seed| (0..3000).map(move |index| (Seed(seed), index));
    let drawn = |seed| mix(seed).filter_map(|(s, index)| draw(&operations, s, index)).collect::<Vec<_>>();
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    for operation in &operations {
        let share = drawn(1).iter().filter(|other| **other == operation).count();
        // Five standard deviations round a third.
        assert!((870..1130).contains(&share), "{operation}: {share} of 3000");
    }
    assert_eq!(draw(&[], Seed(1), 0), None);
}

#[test]
fn noise_is_signed_where_the_original_wraps() {
    // The original turns a dark picture almost white: its mean goes from 40 to over 200.
    let dark = Image { width: 200, height: 200, channels: Channels::Gray, samples: vec![40; 40_000] };
    let noisy = Operation::parse("noise").unwrap().apply(dark).unwrap();
    let mean = noisy.samples.iter().map(|v| f64::from(*v)).sum::<f64>() / 40_000.0;
    assert!((40.0..60.0).contains(&mean), "mean {mean}");
}

#[test]
fn what_sees_luminance_only_has_the_same_result_for_the_luminance() {
    let image = picture(71, 43, Channels::Rgb);
    let gray = Operation::parse("grayscale").unwrap().apply(image.clone()).unwrap();
    let mut found = Vec::new();
    for name in descriptions().map(|description| description.name) {
        let operation = Operation::parse(name).unwrap();
        let same = operation.apply(gray.clone()).unwrap() == operation.apply(image.clone()).unwrap();
        if operation.sees_luminance_only() {
            assert!(same, "{name}");
            found.push(name);
        }
        let chain = Operation::parse(&format!("{name} | invert")).unwrap();
        assert_eq!(chain.sees_luminance_only(), operation.sees_luminance_only());
    }
    assert_eq!(found, ["canny", "grayscale", "sketch", "heatmap", "equalize", "threshold"]);
}

/// Every operation with its parameters, as the user's page shows them.
fn documented() -> String {
    let mut table = "| operation | parameters, with their defaults |\n| --- | --- |\n".to_owned();
    for described in descriptions() {
        let parameters = described.parameters.iter().map(|parameter| {
            format!("`{}={}` ({}; {})", parameter.name, parameter.default, parameter.help, parameter.domain)
        });
        let parameters: Vec<String> = parameters.collect();
        let shown = if parameters.is_empty() { "none".to_owned() } else { parameters.join(", ") };
        table += &format!("| `{}` | {shown} |\n", described.name);
    }
    table
}

#[test]
fn the_page_shows_every_parameter_with_its_default() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/imaging.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.contains(&documented()), "docs/imaging.md should show:\n{}", documented());
}
