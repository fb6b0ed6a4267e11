//! PNG out: each row with the filter that leaves least, then one fixed set of codes, while the row is in the cache.
//!
//! The files are about as large as OpenCV's. The pixels that a reader gets are what counts: the bytes of a PNG are each
//! writer's own.

use lanes::png_deflate::{self, DeflateState};
use lanes::{Level, png_filter};
use simd_adler32::Adler32;

use crate::codec::{Format, Scratch};
use crate::error::EncodeError;
use crate::image::{Channels, Image};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Header of the zlib stream: deflate with a window of 32 KiB, no dictionary, fastest.
const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];

/// Bytes that are coded at once: the codes stay in the fastest memory.
const PIECE: usize = 16 << 10;

/// A chunk of data is closed when it exceeds this: its checksum is taken while it is in the cache, and a reader needs no more
/// at once.
const CHUNK: usize = 256 << 10;

/// Bytes of a stored block at most.
const STORED: usize = 65535;

pub(in crate::codec) fn encode(image: &Image, scratch: &mut Scratch) -> Result<Vec<u8>, EncodeError> {
    let side = |side: usize| u32::try_from(side).ok().filter(|side| (1..=i32::MAX as u32).contains(side));
    let (Some(width), Some(height)) = (side(image.width), side(image.height)) else {
        return Err(EncodeError::Side {
            format: Format::Png,
            limit: i32::MAX as usize,
            width: image.width,
            height: image.height,
        });
    };
    let mut file = scratch.bytes(image.samples.len() / 2 + 1024);
    file.extend_from_slice(&SIGNATURE);
    let color = match image.channels {
        Channels::Gray => 0,
        Channels::Rgb => 2,
    };
    let mut header = [0; 13];
    header[..4].copy_from_slice(&width.to_be_bytes());
    header[4..8].copy_from_slice(&height.to_be_bytes());
    // Eight bits a sample; the only methods of compression and filtering; not interlaced.
    header[8..].copy_from_slice(&[8, color, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", |file| file.extend_from_slice(&header));

    let before = file.len();
    let length = image.width * image.channels.count();
    let stored = (length + 1) * image.height;
    if !write_coded(&mut file, image, scratch.level, before + stored) {
        file.truncate(before);
        write_stored(&mut file, image);
    }
    chunk(&mut file, *b"IEND", |_| {});
    Ok(file)
}

/// Appends a chunk: length, name, what `fill` appends, checksum.
fn chunk(file: &mut Vec<u8>, name: [u8; 4], fill: impl FnOnce(&mut Vec<u8>)) {
    let start = open(file, name);
    fill(file);
    close(file, start);
}

/// Begins a chunk and tells where.
fn open(file: &mut Vec<u8>, name: [u8; 4]) -> usize {
    let start = file.len();
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(&name);
    start
}

/// Ends the chunk that begins at `start`.
fn close(file: &mut Vec<u8>, start: usize) {
    // No chunk exceeds `CHUNK` by more than a piece.
    let length = (file.len() - start - 8) as u32;
    file[start..start + 4].copy_from_slice(&length.to_be_bytes());
    let checksum = crc32fast::hash(&file[start + 4..]);
    file.extend_from_slice(&checksum.to_be_bytes());
}

/// The data of a file as one zlib stream over chunks of their own.
struct Data<'f> {
    file: &'f mut Vec<u8>,
    start: usize,
    checksum: Adler32,
}

impl<'f> Data<'f> {
    fn new(file: &'f mut Vec<u8>) -> Data<'f> {
        let start = open(file, *b"IDAT");
        file.extend_from_slice(&ZLIB_HEADER);
        Data { file, start, checksum: Adler32::new() }
    }

    fn append(&mut self, bytes: &[u8]) {
        self.file.extend_from_slice(bytes);
        if self.file.len() - self.start > CHUNK {
            close(self.file, self.start);
            self.start = open(self.file, *b"IDAT");
        }
    }

    /// Appends a block of at most [`STORED`] bytes as they are.
    fn append_stored(&mut self, bytes: &[u8], last: bool) {
        let length = bytes.len() as u16;
        self.append(&[u8::from(last)]);
        self.append(&length.to_le_bytes());
        self.append(&(!length).to_le_bytes());
        self.append(bytes);
    }

    fn finish(self) {
        self.file.extend_from_slice(&self.checksum.finish().to_be_bytes());
        close(self.file, self.start);
    }
}

/// Writes the data in codes. Gives up and returns false when the file grows beyond `limit` bytes: what the codes do not
/// make smaller, noise, is better stored.
fn write_coded(file: &mut Vec<u8>, image: &Image, level: Level, limit: usize) -> bool {
    let step = image.channels.count();
    let length = step * image.width;
    let mut data = Data::new(file);
    let mut state = DeflateState::default();
    let mut codes = vec![0; png_deflate::room(PIECE)];
    let begun = png_deflate::begin(&mut state, &mut codes);
    data.append(&codes[..begun]);
    let mut filters = Filters { level, step, least: vec![0; length + 1], trial: vec![0; length + 1] };
    let nothing = vec![0; length];
    let mut above = &nothing[..];
    for row in image.samples.chunks_exact(length) {
        let filtered = filters.filter(above, row);
        data.checksum.write(filtered);
        for piece in filtered.chunks(PIECE) {
            let count = png_deflate::deflate(level, piece, &mut state, &mut codes);
            data.append(&codes[..count]);
        }
        if data.file.len() > limit {
            return false;
        }
        above = row;
    }
    let ended = png_deflate::end(&mut state, &mut codes);
    data.append(&codes[..ended]);
    data.finish();
    true
}

/// Writes the data as it is.
fn write_stored(file: &mut Vec<u8>, image: &Image) {
    let mut data = Data::new(file);
    let mut block = Vec::with_capacity(STORED);
    for row in image.samples.chunks_exact(image.width * image.channels.count()) {
        // A row has its filter before it: none.
        for part in [&[0][..], row] {
            data.checksum.write(part);
            let mut part = part;
            while block.len() + part.len() > STORED {
                let (fits, rest) = part.split_at(STORED - block.len());
                block.extend_from_slice(fits);
                data.append_stored(&block, false);
                block.clear();
                part = rest;
            }
            block.extend_from_slice(part);
        }
    }
    data.append_stored(&block, true);
    data.finish();
}

/// Rows of residues, each behind the number of its filter.
struct Filters {
    level: Level,
    step: usize,
    least: Vec<u8>,
    trial: Vec<u8>,
}

impl Filters {
    /// The row through the filter whose residues are smallest in sum, as the standard advises.
    fn filter(&mut self, above: &[u8], row: &[u8]) -> &[u8] {
        let (level, step) = (self.level, self.step);
        let mut least = u64::MAX;
        // Sub is 1, up 2, average 3, Paeth 4; among equals a later one of this order is taken.
        for kind in [2, 1, 3, 4] {
            self.trial[0] = kind;
            let out = &mut self.trial[1..];
            let cost = match kind {
                1 => png_filter::sub(level, step, row, out),
                2 => png_filter::up(level, above, row, out),
                3 => png_filter::average(level, step, above, row, out),
                _ => png_filter::paeth(level, step, above, row, out),
            };
            if cost <= least {
                least = cost;
                std::mem::swap(&mut self.least, &mut self.trial);
            }
            if cost == 0 {
                break;
            }
        }
        &self.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{self, EncodeOptions, Limits};
    use proptest::prelude::*;

    fn image(width: usize, height: usize, channels: Channels, sample: impl Fn(usize) -> u8) -> Image {
        let samples = (0..width * height * channels.count()).map(sample).collect();
        Image { width, height, channels, samples }
    }

    /// Lengths and names of a file's chunks, whose checksums are right.
    fn chunks(mut file: &[u8]) -> Vec<(usize, [u8; 4])> {
        let mut chunks = Vec::new();
        file = file.strip_prefix(&SIGNATURE).unwrap();
        while !file.is_empty() {
            let length = u32::from_be_bytes(*file.first_chunk().unwrap()) as usize;
            let name = *file[4..].first_chunk().unwrap();
            let checksum = u32::from_be_bytes(*file[8 + length..].first_chunk().unwrap());
            assert_eq!(checksum, crc32fast::hash(&file[4..8 + length]));
            chunks.push((length, name));
            file = &file[12 + length..];
        }
        chunks
    }

    fn noise(k: usize) -> u8 {
        ((k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_mul(k as u64 | 1) >> 37) as u8
    }

    fn check(image: &Image, level: Level) -> Vec<u8> {
        let file = encode(image, &mut Scratch::with_level(level)).unwrap();
        assert_eq!(codec::decode(&file, &Limits::default()).unwrap().image, *image);
        file
    }

    proptest! {
        #[test]
        fn every_level_writes_the_same_file_and_it_reads_back(
            width in 1usize..150,
            height in 1usize..12,
            color in any::<bool>(),
            shift in 0u32..8,
            slope in 0usize..5,
        ) {
            let channels = if color { Channels::Rgb } else { Channels::Gray };
            let image = image(width, height, channels, |k| (noise(k) >> shift).wrapping_add((slope * k / 7) as u8));
            let files: Vec<_> = Level::available().into_iter().map(|level| check(&image, level)).collect();
            prop_assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }

    #[test]
    fn noise_is_stored_and_takes_little_more_than_its_samples() {
        for (width, height) in [(700, 300), (70_000, 2), (1, 5000)] {
            let image = image(width, height, Channels::Rgb, noise);
            let file = check(&image, Level::detect());
            assert!(file.len() < image.samples.len() + image.height + 300, "{}", file.len());
        }
    }

    #[test]
    fn a_long_file_has_several_chunks_of_data() {
        let image = image(1000, 900, Channels::Rgb, |k| noise(k) >> 3);
        let chunks = chunks(&check(&image, Level::detect()));
        let names: Vec<_> = chunks.iter().map(|(_, name)| name).collect();
        assert_eq!((names[0], names[names.len() - 1]), (b"IHDR", b"IEND"));
        assert!(chunks.len() > 4 && chunks[1..chunks.len() - 1].iter().all(|(_, name)| name == b"IDAT"));
        assert!(chunks.iter().all(|(length, _)| *length <= CHUNK + 2 * PIECE));
    }

    #[test]
    fn photographs_become_no_larger_than_by_the_png_crates_fast_compression() {
        let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/encode");
        for name in ["color.png", "gray.png", "even.png"] {
            let file = std::fs::read(golden.join(name)).unwrap();
            let image = codec::decode(&file, &Limits::default()).unwrap().image;
            let ours = codec::encode(&image, Format::Png, &EncodeOptions::default()).unwrap().len();
            let mut theirs = Vec::new();
            let mut encoder = png::Encoder::new(&mut theirs, image.width as u32, image.height as u32);
            encoder.set_color(if image.channels == Channels::Rgb {
                png::ColorType::Rgb
            } else {
                png::ColorType::Grayscale
            });
            encoder.set_compression(png::Compression::Fast);
            let mut writer = encoder.write_header().unwrap();
            writer.write_image_data(&image.samples).unwrap();
            writer.finish().unwrap();
            assert!(ours <= theirs.len() + 64, "{name}: {ours} against {}", theirs.len());
        }
    }
}
