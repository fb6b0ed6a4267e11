//! From planes to pixels: chroma upsampled, colours converted, rows written as soon as their neighbours are there.

use std::ops::Range;

use lanes::Level;
use lanes::jpeg_block::Block;
use lanes::jpeg_color::ycc_to_rgb;
use lanes::jpeg_upsample::{upsample_h1v2, upsample_h2v1, upsample_h2v2};

use super::markers::{Color, Component, Frame};
use super::planes::Plane;
use super::unsupported;
use crate::codec::{Scratch, Wanted};
use crate::error::DecodeError;
use crate::image::{Channels, Image};

/// How a component comes to full resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upsampling {
    /// It has it.
    None,
    /// Triangle filter in x.
    H2V1,
    /// Triangle filter in y.
    H1V2,
    /// Triangle filter in both.
    H2V2,
    /// Each sample again and again.
    Repeat { h: usize, v: usize },
}

impl Upsampling {
    /// As libjpeg chooses: triangles where a plane is halved and more than two samples wide, repetition elsewhere.
    fn of(component: &Component, frame: &Frame) -> Result<Upsampling, DecodeError> {
        if !frame.h_max.is_multiple_of(component.h) || !frame.v_max.is_multiple_of(component.v) {
            return Err(unsupported("sampling factors that are no multiples of one another"));
        }
        Ok(match (frame.h_max / component.h, frame.v_max / component.v) {
            (1, 1) => Upsampling::None,
            (2, 1) if component.width > 2 => Upsampling::H2V1,
            (1, 2) => Upsampling::H1V2,
            (2, 2) if component.width > 2 => Upsampling::H2V2,
            (h, v) => Upsampling::Repeat { h, v },
        })
    }

    /// Whether a row needs the chroma row above or below it.
    fn has_context(self) -> bool {
        matches!(self, Upsampling::H1V2 | Upsampling::H2V2)
    }
}

/// Whether pixels depend on chroma of the row of MCUs above or below.
pub(super) fn has_context(frame: &Frame) -> Result<bool, DecodeError> {
    let upsamplings: Vec<_> =
        frame.components.iter().map(|c| Upsampling::of(c, frame)).collect::<Result<_, _>>()?;
    Ok(upsamplings.into_iter().any(Upsampling::has_context))
}

/// One component on its way to full resolution.
struct Channel {
    plane: Plane,
    upsampling: Upsampling,
    width: usize,
    height: usize,
    /// The current row at full resolution.
    full: Vec<u8>,
}

/// Collects planes and paints pixels of a range of rows.
pub(super) struct Painter {
    level: Level,
    color: Color,
    width: usize,
    /// Rows to paint.
    rows: Range<usize>,
    /// The next row to paint.
    next: usize,
    image_height: usize,
    mcu_height: usize,
    /// Whether the last row of an MCU must wait for the next row of MCUs.
    context: bool,
    channels: Vec<Channel>,
    /// When only luminance is wanted of a colour image: one row of colours on its way there.
    colors: Option<Vec<u8>>,
    samples: Vec<u8>,
}

impl Painter {
    /// For the `rows` of an image, whose pixels become `wanted`.
    pub(super) fn new(
        frame: &Frame,
        color: Color,
        rows: Range<usize>,
        wanted: Wanted,
        scratch: &mut Scratch,
    ) -> Result<Painter, DecodeError> {
        let to_gray = wanted == Wanted::Gray && color.channels() == Channels::Rgb;
        let channel_count = if to_gray { 1 } else { color.channels().count() };
        let samples = scratch.samples(rows.len() * frame.width * channel_count);
        let mut channels = Vec::new();
        for component in &frame.components {
            let upsampling = Upsampling::of(component, frame)?;
            channels.push(Channel {
                plane: Plane::new(frame.mcu_columns(), component.h, component.v),
                upsampling,
                width: component.width,
                height: component.height,
                // A doubled row may be one sample longer than the image.
                full: vec![0; frame.width + 2 * frame.h_max],
            });
        }
        Ok(Painter {
            level: scratch.level,
            color,
            width: frame.width,
            next: rows.start,
            rows,
            image_height: frame.height,
            mcu_height: 8 * frame.v_max,
            context: channels.iter().any(|c| c.upsampling.has_context()),
            channels,
            colors: to_gray.then(|| vec![0; 3 * frame.width]),
            samples,
        })
    }

    /// Transforms a run of blocks of a component into its plane.
    pub(super) fn put(
        &mut self,
        component: usize,
        block_row: usize,
        block_column: usize,
        blocks: &[Block],
        extents: &[u8],
        quant: &Block,
    ) {
        self.channels[component].plane.put(self.level, block_row, block_column, blocks, extents, quant);
    }

    /// Paints what can be painted when all components of a row of MCUs are there. Rows of MCUs come in order.
    pub(super) fn finish_mcu_row(&mut self, row: usize) {
        let below = (row + 1) * self.mcu_height;
        let complete =
            if below >= self.image_height { self.image_height } else { below - usize::from(self.context) };
        while self.next < complete.min(self.rows.end) {
            self.paint_row(self.next);
            self.next += 1;
        }
    }

    fn paint_row(&mut self, y: usize) {
        for channel in &mut self.channels {
            channel.upsample(self.level, y);
        }
        let len = self.width * self.output_channels().count();
        let out = &mut self.samples[(y - self.rows.start) * len..][..len];
        let row = |i: usize| self.channels[i].row(y, self.width);
        match &mut self.colors {
            None => mix(self.level, self.color, row, out),
            Some(colors) => {
                mix(self.level, self.color, row, colors);
                lanes::gray::gray(self.level, colors, out);
            }
        }
    }

    fn output_channels(&self) -> Channels {
        if self.colors.is_some() { Channels::Gray } else { self.color.channels() }
    }

    /// The image, when all rows of MCUs have come.
    pub(super) fn into_image(self) -> Image {
        Image {
            width: self.width,
            height: self.rows.len(),
            channels: self.output_channels(),
            samples: self.samples,
        }
    }
}

/// One row of pixels out of the components' rows at full resolution.
fn mix<'a>(level: Level, color: Color, row: impl Fn(usize) -> &'a [u8], out: &mut [u8]) {
    match color {
        Color::Gray => out.copy_from_slice(row(0)),
        Color::Ycc => ycc_to_rgb(level, row(0), row(1), row(2), out),
        Color::Rgb | Color::Cmyk => {
            let (first, second, third) = (row(0), row(1), row(2));
            for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
                pixel.copy_from_slice(&[first[x], second[x], third[x]]);
            }
        }
        Color::Ycck => {
            ycc_to_rgb(level, row(0), row(1), row(2), out);
            for ink in &mut *out {
                *ink = 255 - *ink;
            }
        }
    }
    if matches!(color, Color::Cmyk | Color::Ycck) {
        multiply_by_black(out, row(3));
    }
}

/// Three inks and black to three lights, as OpenCV does it.
fn multiply_by_black(inks: &mut [u8], black: &[u8]) {
    for (pixel, k) in inks.chunks_exact_mut(3).zip(black) {
        let k = i32::from(*k);
        for ink in pixel {
            *ink = (k - (((255 - i32::from(*ink)) * k) >> 8)) as u8;
        }
    }
}

impl Channel {
    fn upsample(&mut self, level: Level, y: usize) {
        let Channel { plane, upsampling, width, height, full } = self;
        let row = |y: usize| plane.row(y, *width);
        match *upsampling {
            Upsampling::None => {}
            Upsampling::H2V1 => upsample_h2v1(level, row(y), full),
            Upsampling::H1V2 => upsample_h1v2(row(y / 2), row(neighbour(y, *height)), y % 2 == 1, full),
            Upsampling::H2V2 => upsample_h2v2(level, row(y / 2), row(neighbour(y, *height)), full),
            Upsampling::Repeat { h, v } => {
                for (run, sample) in full.chunks_mut(h).zip(row(y / v)) {
                    run.fill(*sample);
                }
            }
        }
    }

    /// The first `width` samples of the current row at full resolution.
    fn row(&self, y: usize, width: usize) -> &[u8] {
        match self.upsampling {
            Upsampling::None => self.plane.row(y, width),
            _ => &self.full[..width],
        }
    }
}

/// The chroma row that is second nearest to output row `y`, the nearest being `y / 2`.
fn neighbour(y: usize, height: usize) -> usize {
    if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { (y / 2 + 1).min(height - 1) }
}
