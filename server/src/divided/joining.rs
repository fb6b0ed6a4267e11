//! Coded strips become the file of an image, each as soon as those above it are there.
//!
//! Whoever brings a strip joins what can be joined, one at a time, through a small buffer: neither the strips nor the file
//! lie in memory as a whole, and little is left to do when the last strip comes.

use super::survey::Cutting;
use crate::folder::{Folder, OUTPUT};
use crate::publish::Growing;
use crate::shelf::{FolderShelf, inside};
use imaging::codec::EncodeOptions;
use imaging::codec::jpeg::{EncodedStrip, Stitcher, StripHead};
use imaging::image::Channels;
use imaging::segment::{MAX_STRIP_HEAD, Piece, stitcher, strip_head};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;

/// Bytes that are read and shifted at a time: they stay in the processor's cache on the way.
const BUFFER: usize = 64 << 10;
/// Bytes that are handed at a time to who writes beside: waking it costs, and so does a file that grows by small pieces.
const HANDED: usize = 1 << 20;
/// Buffers between who shifts a strip and who writes it.
const BUFFERS: usize = 3;

/// A finished piece until its image is published.
#[derive(Debug)]
pub(super) enum Held {
    /// In memory.
    Piece(Piece),
    /// Pixels in a temporary file of the node.
    Pixels(String),
    /// A strip in a temporary file of the node.
    Strip(Coded),
}

/// A strip in a file.
#[derive(Debug)]
pub(super) struct Coded {
    /// As the node named the file.
    name: String,
    head: StripHead,
    channels: Channels,
    /// Where the bits begin, and how many bytes they take.
    bits: (u64, usize),
}

impl Held {
    /// A piece in a node's temporary file, which is looked into.
    ///
    /// # Errors
    /// A sentence that says why it is no piece.
    pub(super) fn in_file(folder: &Folder, name: &str) -> Result<Held, String> {
        let path = path(folder, name)?;
        let unreadable = |cause| format!("the piece {path:?} cannot be read: {cause}");
        let mut file = File::open(&path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let mut bytes = Vec::with_capacity(MAX_STRIP_HEAD);
        file.by_ref().take(MAX_STRIP_HEAD as u64).read_to_end(&mut bytes).map_err(unreadable)?;
        let name = name.to_owned();
        match strip_head(&bytes).map_err(|error| error.to_string())? {
            None => Ok(Held::Pixels(name)),
            Some((head, channels, at)) => {
                let left = usize::try_from(length - (at as u64).min(length)).unwrap_or(usize::MAX);
                Ok(Held::Strip(Coded { name, head, channels, bits: (at as u64, left) }))
            }
        }
    }

    /// What its pixels are, if it is a strip.
    pub(super) fn strip(&self) -> Option<Channels> {
        match self {
            Held::Piece(Piece::Strip(_, channels)) | Held::Strip(Coded { channels, .. }) => Some(*channels),
            Held::Piece(_) | Held::Pixels(_) => None,
        }
    }

    /// Removes what it has left in a file.
    pub(super) fn forget(&self, folder: &Folder) {
        match self {
            Held::Pixels(name) | Held::Strip(Coded { name, .. }) => {
                FolderShelf::new(folder, false).discard(name)
            }
            Held::Piece(_) => {}
        }
    }
}

/// Where a node's temporary file is.
///
/// # Errors
/// A name that is none of a temporary file.
pub(super) fn path(folder: &Folder, name: &str) -> Result<PathBuf, String> {
    let name = inside(name).map_err(|error| error.to_string())?;
    Ok(folder.base.join(OUTPUT).join(name))
}

/// The file of an image, as far as strips have come. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub(super) struct Joining {
    file: Growing,
    stitcher: Stitcher,
    /// Strips in it.
    pub(super) strips: usize,
    read: Vec<u8>,
    out: Vec<u8>,
    /// Buffers that nobody uses.
    spare: Vec<Vec<u8>>,
}

impl Joining {
    /// Begins the file, of which `file` is the empty one.
    ///
    /// # Errors
    /// A sentence that says why it cannot be.
    pub(super) fn begin(
        file: io::Result<Growing>,
        cutting: &Cutting,
        channels: Channels,
    ) -> Result<Joining, String> {
        // Stuffing adds little; what is left over the first time stays allocated.
        let mut out = Vec::with_capacity(BUFFER + BUFFER / 4);
        let stitcher = stitcher(&cutting.plan, channels, &EncodeOptions::default(), &mut out)
            .map_err(|error| error.to_string())?;
        let file = file.map_err(unwritable)?;
        Ok(Joining { file, stitcher, strips: 0, read: vec![0; BUFFER], out, spare: Vec::new() })
    }

    /// Puts the next strip behind the others.
    ///
    /// # Errors
    /// A sentence that says why it cannot be: the file is of no use then.
    pub(super) fn add(&mut self, folder: &Folder, held: &Held) -> Result<(), String> {
        match held {
            Held::Piece(Piece::Strip(EncodedStrip { head, bits }, _)) => {
                self.start(head, bits.len())?;
                for part in bits.chunks(BUFFER) {
                    self.stitcher.bits(part, &mut self.out).map_err(|error| error.to_string())?;
                    self.write()?;
                }
            }
            Held::Strip(coded) => {
                self.start(&coded.head, coded.bits.1)?;
                self.copy(folder, coded)?;
            }
            Held::Piece(_) | Held::Pixels(_) => return Err("pieces of different kinds".to_owned()),
        }
        self.strips += 1;
        Ok(())
    }

    fn start(&mut self, head: &StripHead, bytes: usize) -> Result<(), String> {
        self.stitcher.begin(head, bytes, &mut self.out).map_err(|error| error.to_string())?;
        self.write()
    }

    fn copy(&mut self, folder: &Folder, coded: &Coded) -> Result<(), String> {
        let path = path(folder, &coded.name)?;
        let unreadable = |cause| format!("the piece {path:?} cannot be read: {cause}");
        let mut file = File::open(&path).map_err(unreadable)?;
        file.seek(SeekFrom::Start(coded.bits.0)).map_err(unreadable)?;
        let (file, read) = (&mut file, &mut self.read);
        let mut next = |stitcher: &mut Stitcher, out: &mut Vec<u8>| {
            let count = file.read(read).map_err(unreadable)?;
            stitcher.bits(&read[..count], out).map_err(|error| error.to_string())?;
            Ok(count > 0)
        };
        if coded.bits.1 > HANDED {
            return write_beside(&mut self.file, &mut self.stitcher, &mut self.spare, &mut next);
        }
        while next(&mut self.stitcher, &mut self.out)? {
            self.file.write(&self.out).map_err(unwritable)?;
            self.out.clear();
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), String> {
        self.file.write(&self.out).map_err(unwritable)?;
        self.out.clear();
        Ok(())
    }

    /// Ends the file and has `give_name` give it the image's name in place of its temporary one.
    ///
    /// # Errors
    /// A sentence that says why it cannot be.
    pub(super) fn publish(self, give_name: impl FnOnce(&str) -> io::Result<()>) -> Result<(), String> {
        let Joining { mut file, stitcher, mut out, .. } = self;
        stitcher.finish(&mut out).map_err(|error| error.to_string())?;
        file.write(&out).and_then(|()| file.publish(give_name)).map_err(unwritable)
    }
}

/// Appends what a file goes on with, and answers whether more may follow.
type Next<'a> = dyn FnMut(&mut Stitcher, &mut Vec<u8>) -> Result<bool, String> + 'a;

/// Has a thread of its own write what `next` makes, until that answers that nothing follows. When the last strips come
/// together nodes have nothing left to do, so that cores are idle.
fn write_beside(
    file: &mut Growing,
    stitcher: &mut Stitcher,
    spare: &mut Vec<Vec<u8>>,
    next: &mut Next<'_>,
) -> Result<(), String> {
    let (full, to_write) = channel::<Vec<u8>>();
    let (written, to_fill) = channel::<Vec<u8>>();
    spare.resize_with(BUFFERS, || Vec::with_capacity(HANDED + 2 * BUFFER));
    // Nobody can have closed the channel yet.
    spare.drain(..).for_each(|buffer| drop(written.send(buffer)));
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for mut bytes in to_write {
                file.write(&bytes).map_err(unwritable)?;
                bytes.clear();
                // If nobody fills it any more it has served.
                let _ = written.send(bytes);
            }
            Ok(())
        });
        let mut made = Ok(false);
        // When the writer has failed it takes no buffers and gives none back, and tells why below.
        while let Ok(mut buffer) = to_fill.recv() {
            made = Ok(true);
            while made == Ok(true) && buffer.len() < HANDED {
                made = next(stitcher, &mut buffer);
            }
            if full.send(buffer).is_err() || made != Ok(true) {
                break;
            }
        }
        drop(full);
        let wrote = writer.join().unwrap_or_else(|_| Err("the server panicked as it wrote".to_owned()));
        spare.extend(to_fill.try_iter());
        wrote.and(made.map(|_| ()))
    })
}

fn unwritable(cause: std::io::Error) -> String {
    crate::publish::failure(&cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::divided::survey::Parts;
    use imaging::codec::{Format, Scratch, encode};
    use imaging::image::Image;
    use imaging::operation::{self, Operation};
    use imaging::segment::{Progress, begin, finish};
    use journal::publication::Shelf as _;
    use wire::division::CutKind;

    struct Fixture {
        _guard: tempfile::TempDir,
        folder: Folder,
        cutting: Cutting,
        pieces: Vec<Piece>,
        /// The file that one encoder writes.
        whole: Vec<u8>,
    }

    /// An image of 100 rows inverted in three parts; as strips, or as pixels where they cannot be strips.
    fn fixture(kind: CutKind) -> Fixture {
        fixture_of(60, 100, kind)
    }

    fn fixture_of(width: usize, height: usize, kind: CutKind) -> Fixture {
        let guard = tempfile::tempdir().unwrap();
        let folder = Folder { base: guard.path().to_owned(), images: Vec::new(), skipped: 0 };
        let samples = (0..width * height * 3).map(|i| (i * i / 7 % 1_009 * 57) as u8).collect();
        let image = Image { width, height, channels: Channels::Rgb, samples };
        let (options, operation) = (EncodeOptions::default(), Operation::parse("invert").unwrap());
        let source = encode(&image, Format::Jpeg, &options).unwrap();
        let parts =
            Parts { homes: Vec::new(), weights: vec![1.0; 3], kind, is_shared: false, may_stay_whole: false };
        let cutting = Cutting::of(&source, &operation, parts).unwrap();
        let plan = &cutting.plan;
        let pieces = (0..3).map(|part| {
            let source = plan.source_of(part, &image).unwrap();
            let progress = begin(plan, part, source, &mut operation::Scratch::new()).unwrap();
            let Progress::Finished(pixels) = progress else { panic!("{progress:?}") };
            finish(plan, part, pixels, Format::Jpeg, &options, &mut Scratch::default()).unwrap()
        });
        let pieces = pieces.collect();
        let whole = encode(&operation.apply(image).unwrap(), Format::Jpeg, &options).unwrap();
        Fixture { _guard: guard, folder, cutting, pieces, whole }
    }

    impl Fixture {
        fn in_file(&self, part: usize) -> Held {
            let name = format!(".ballast/job/{part}.tmp");
            let path = path(&self.folder, &name).unwrap();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, self.pieces[part].to_bytes()).unwrap();
            Held::in_file(&self.folder, &name).unwrap()
        }

        fn begin(&self) -> Joining {
            std::fs::create_dir_all(self.folder.base.join(OUTPUT).join(".ballast/job")).unwrap();
            let file = Growing::create(&self.folder, ".ballast/job/merged".to_owned(), false);
            Joining::begin(file, &self.cutting, Channels::Rgb).unwrap()
        }

        fn give(&self, temporary: &str, name: &str) -> io::Result<()> {
            FolderShelf::new(&self.folder, false).rename(temporary, name)
        }

        fn output(&self, name: &str) -> Option<Vec<u8>> {
            std::fs::read(self.folder.base.join(OUTPUT).join(name)).ok()
        }
    }

    #[test]
    fn strips_from_files_and_messages_make_the_file_of_the_whole() {
        let at = fixture(CutKind::Rows);
        let mut joining = at.begin();
        let held = [at.in_file(0), Held::Piece(at.pieces[1].clone()), at.in_file(2)];
        for (done, held) in held.iter().enumerate() {
            assert_eq!((joining.strips, held.strip()), (done, Some(Channels::Rgb)));
            joining.add(&at.folder, held).unwrap();
        }
        joining.publish(|name| at.give(name, "sub/a.jpg")).unwrap();
        assert!(at.output("sub/a.jpg").unwrap() == at.whole);
        held.iter().for_each(|held| held.forget(&at.folder));
        let left = std::fs::read_dir(at.folder.base.join(OUTPUT).join(".ballast/job")).unwrap();
        assert_eq!(left.count(), 0, "nothing else is left");
    }

    /// Strips that take many buffers are written by a thread of its own.
    #[test]
    fn large_strips_are_written_while_they_are_shifted() {
        let at = fixture_of(1_600, 3_600, CutKind::Rows);
        assert!(at.whole.len() > 6 * HANDED, "{}", at.whole.len());
        let mut joining = at.begin();
        let held: Vec<Held> = (0..3).map(|part| at.in_file(part)).collect();
        held.iter().for_each(|held| joining.add(&at.folder, held).unwrap());
        assert_eq!(joining.spare.len(), BUFFERS);
        joining.publish(|name| at.give(name, "a.jpg")).unwrap();
        assert!(at.output("a.jpg").unwrap() == at.whole);
        // One that was cut off in the middle is told by the next.
        let path = path(&at.folder, ".ballast/job/0.tmp").unwrap();
        std::fs::write(&path, &std::fs::read(&path).unwrap()[..HANDED + BUFFER]).unwrap();
        let mut joining = at.begin();
        joining.add(&at.folder, &held[0]).unwrap();
        assert!(joining.add(&at.folder, &held[1]).unwrap_err().contains("lacks"));
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let at = fixture(CutKind::Rows);
        let mut joining = at.begin();
        joining.add(&at.folder, &at.in_file(0)).unwrap();
        let why = joining.add(&at.folder, &at.in_file(2)).unwrap_err();
        assert!(why.contains("should be next, not row"), "{why}");
        assert!(at.output(".ballast/job/merged").is_some());
        let why = joining.publish(|name| at.give(name, "a.jpg")).unwrap_err();
        assert!(why.contains("of 100 rows"), "{why}");
        assert_eq!((at.output("a.jpg"), at.output(".ballast/job/merged")), (None, None));
    }

    #[test]
    fn a_file_that_was_cut_off_is_told() {
        let at = fixture(CutKind::Rows);
        let (mut joining, first) = (at.begin(), at.in_file(0));
        let path = path(&at.folder, ".ballast/job/0.tmp").unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        joining.add(&at.folder, &first).unwrap();
        let why = joining.add(&at.folder, &at.in_file(1)).unwrap_err();
        assert!(why.contains("lacks 1 bytes"), "{why}");
        std::fs::write(&path, &bytes[..40]).unwrap();
        assert!(Held::in_file(&at.folder, ".ballast/job/0.tmp").is_err());
        assert!(Held::in_file(&at.folder, "../0.tmp").is_err());
    }

    #[test]
    fn pixels_are_no_strips() {
        let at = fixture(CutKind::Columns);
        let held = at.in_file(0);
        assert!(matches!(held, Held::Pixels(_)) && held.strip().is_none());
        assert_eq!(at.begin().add(&at.folder, &held).unwrap_err(), "pieces of different kinds");
    }
}
