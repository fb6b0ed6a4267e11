//! The table of `docs/imaging.md` that says how each operation compares with OpenCV is made here, of what the tests compare.

use crate::operation_opencv::{OPERATIONS, coprocess::OpenCv, largest_difference, random_images};
use imaging::operation::{Operation, descriptions};

/// An operation, OpenCV's calls for it, and how results compare: nothing more to say where they are exact.
struct Row {
    name: &'static str,
    calls: &'static str,
    comparison: Comparison,
}

enum Comparison {
    /// The same samples; with a remark.
    Exact(&'static str),
    /// Not to be compared, for a reason.
    Own(&'static str),
}
use Comparison::{Exact, Own};

const fn row(name: &'static str, calls: &'static str, comparison: Comparison) -> Row {
    Row { name, calls, comparison }
}

const ROWS: &[Row] = &[
    row(
        "edges",
        "`cvtColor`, `blur` 3×3, `Canny` 10, 30, aperture 5, half brightness, green",
        Exact(
            "with two threads or more: with one, OpenCV's x86 packages use another Canny that flips near-ties",
        ),
    ),
    row("canny", "`cvtColor`, `Canny` 100, 200", Exact("as `edges`")),
    row(
        "grayscale",
        "`cvtColor(COLOR_BGR2GRAY)`",
        Exact("not `imread(IMREAD_GRAYSCALE)`, which takes a JPEG's own luma"),
    ),
    row("sharpen", "`GaussianBlur` 5×5, `filter2D` 3×3", Exact("")),
    row("blur", "`GaussianBlur` 31×31", Exact("")),
    row(
        "sketch",
        "`Laplacian(CV_64F)`, `convertScaleAbs`",
        Exact("saturates; the original's `uint8(abs(…))` wraps above 255"),
    ),
    row("invert", "`bitwise_not`", Exact("")),
    row("brightness", "`convertScaleAbs`", Exact("")),
    row("red", "the other channels 0", Exact("")),
    row("green", "the other channels 0", Exact("")),
    row("blue", "the other channels 0", Exact("")),
    row(
        "hsv",
        "`cvtColor(COLOR_BGR2HSV)`",
        Exact("hue, saturation, value, stored as if they were blue, green, red: so does the original"),
    ),
    row("heatmap", "`cvtColor`, `applyColorMap(COLORMAP_JET)`", Exact("")),
    row("normalize", "`normalize(NORM_MINMAX)`", Exact("")),
    row(
        "crop",
        "a piece, `GaussianBlur` 5×5, `medianBlur` 5",
        Exact("with `part=1`; where a smaller piece lies is our own luck, by the seed"),
    ),
    row(
        "noise",
        "`randn`, `randu`, `add`",
        Own("our own luck, by the seed; signed and saturating, where the original wraps to white"),
    ),
    row(
        "equalize",
        "`equalizeHist`, `morphologyEx` 3×3",
        Exact("without the original's undocumented threshold in between"),
    ),
    row("median", "`medianBlur` 3", Exact("")),
    row("threshold", "`cvtColor`, `threshold`", Exact("with `kind=otsu` too")),
    row("resize", "`resize(INTER_LINEAR_EXACT)`", Exact("")),
    row("corners", "`FastFeatureDetector`, crosses", Exact("")),
    row("lines", "`Canny`, `HoughLines` 1 pixel, 1°", Exact("the pixels that voted for a line are painted")),
    row(
        "blobs",
        "the difference of two `GaussianBlur`, its peaks",
        Exact("a definition of our own: not `SimpleBlobDetector`"),
    ),
];

/// What is near to an operation but not it: OpenCV's words in `operations.py`, what it is, the largest difference, why.
const NEAR: &[(&str, &str, &str, u8, &str)] = &[(
    "resize[percent=37]",
    "resize_linear[percent=37]",
    "`resize(INTER_LINEAR)`, its default",
    1,
    "its weights are rounded to 1/2048",
)];

fn table() -> String {
    let mut table = "| operation | OpenCV | result |\n| --- | --- | --- |\n".to_owned();
    for Row { name, calls, comparison } in ROWS {
        let result = match comparison {
            Exact("") => "exact".to_owned(),
            Exact(remark) => format!("exact; {remark}"),
            Own(why) => format!("not comparable: {why}"),
        };
        table += &format!("| `{name}` | {calls} | {result} |\n");
    }
    for (name, _, calls, most, why) in NEAR {
        table += &format!("| `{name}` | {calls} | differs by up to {most}: {why} |\n");
    }
    table
}

#[test]
fn the_documented_table_is_the_one_that_is_tested() {
    const BEGIN: &str = "<!-- parity table, checked by crates/imaging/tests/it/parity.rs -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/imaging.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once(BEGIN).expect("the table's beginning");
    let (shown, _) = rest.split_once("<!-- end of the parity table -->").expect("the table's end");
    assert!(shown == table(), "docs/imaging.md should show:\n{}", table());
}

#[test]
fn every_operation_has_its_row_and_what_is_called_exact_is_compared() {
    let names: Vec<_> = descriptions().map(|description| description.name).collect();
    assert_eq!(ROWS.iter().map(|row| row.name).collect::<Vec<_>>(), names);
    for Row { name, comparison, .. } in ROWS {
        let compared = OPERATIONS.iter().any(|text| text.split('[').next() == Some(name));
        assert_eq!(matches!(comparison, Exact(_)), compared, "{name}");
    }
}

#[test]
fn what_is_near_differs_as_the_table_says() {
    let Some(mut cv) = OpenCv::start() else { return };
    for (text, reference, _, most, _) in NEAR {
        let operation = Operation::parse(text).unwrap();
        let differences = random_images().into_iter().map(|(_, image)| {
            let theirs = cv.apply(reference, &image);
            largest_difference(&operation.apply(image).unwrap(), &theirs)
        });
        assert_eq!(differences.max(), Some(*most), "{text} and {reference}");
    }
}
