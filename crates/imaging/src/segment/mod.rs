//! One image over many workers: the merged result has the same bytes as the whole image's, for every operation.
//!
//! [`Plan`] cuts the *result* into parts and works out backwards which pixels of the source each part depends on.
//! Local operations need a halo of pixels round the part and nothing else. Operations that depend on the whole picture
//! (histograms, extremes, Canny's hysteresis, Hough's votes) stop in the middle with a [`Partial`]; all partials together
//! make a [`Summary`], with which each part goes on to pixels. A chain may stop several times.
//!
//! ```text
//! plan ── part 0 ── begin ── Partial ─┐            ┌─ resume ── pixels ─┐
//!      └─ part 1 ── begin ── Partial ─┴─ combine ──┴─ resume ── pixels ─┴─ merge
//! ```
//! A finished part becomes a [`Piece`] that travels as bytes, and all pieces together the file ([`assemble`]).
//!
//! Everything here is a pure function of plan, part, pixels and summaries: a part that is lost is done again alone, by
//! [`redo`] with the summaries that were made before. The plan itself is a pure function of operation, size and cut, so a
//! worker that is told these three and a part's number needs no other word.
//!
//! ```
//! use imaging::image::{Channels, Image};
//! use imaging::operation::Operation;
//! use imaging::segment::{Cut, apply};
//!
//! let samples = (0..64 * 48).map(|i| (i * i / 7) as u8).collect();
//! let image = Image { width: 64, height: 48, channels: Channels::Gray, samples };
//! let operation = Operation::parse("canny[low=20,high=200]")?;
//! let parts = apply(&operation, &image, &Cut::rows(3))?;
//! assert_eq!(parts, operation.apply(image)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cut;
mod error;
mod partial;
mod piece;
mod plan;
mod progress;

pub use crate::kernel::area::{Area, Size};
pub use cut::Cut;
pub use error::SegmentError;
pub use partial::{Partial, Summary};
pub use piece::{AssemblyError, MAX_STRIP_HEAD, Piece, STRIP_ROWS, assemble, finish, stitcher, strip_head};
pub use plan::{Part, Plan};
pub use progress::{Progress, Waiting, apply, begin, redo};

pub use crate::kernel::hough::Votes;
pub use crate::kernel::joints::Borders;

pub(crate) use plan::View;
pub(crate) use progress::Stage;
