//! One CSV file: rows in, rows out, always ending with a whole row.

use crate::cell::{Cell, KnownTexts};
use crate::rows::Row;
use crate::{RecordsError, RowFault};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// Bytes that wait in memory before they are written without being asked for.
const MOST_PENDING: usize = 256 * 1024;

/// Longest row that is taken for the torn end of a file. One longer than that is a quote that nobody closed.
const LONGEST_TORN: usize = 64 * 1024;

/// Longest part of a wrong cell in a complaint, in characters.
const LONGEST_SHOWN: usize = 40;

/// Takes the cells of one row.
#[derive(Debug, Default)]
pub struct CellWriter {
    record: csv::ByteRecord,
    text: String,
}

impl CellWriter {
    /// Adds a cell.
    pub fn cell<Value: Cell>(&mut self, value: &Value) {
        self.text.clear();
        value.write(&mut self.text);
        self.record.push_field(self.text.as_bytes());
    }
}

/// Where rows go: a file, or a full disk in a test.
pub(crate) trait Sink: Write {
    /// Shortens what was written to `length` bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Waits until what was written would survive a power failure.
    fn sync(&mut self) -> io::Result<()>;
}

impl Sink for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Collects rows and writes them to a sink all at once. The formatter above may hand over halves of rows; only its
/// `flush` stands between rows, and only there anything is written.
#[derive(Debug)]
pub(crate) struct WholeRows<S> {
    sink: S,
    pending: Vec<u8>,
    /// Bytes in the sink, all of whole rows.
    written: u64,
}

impl<S: Sink> WholeRows<S> {
    pub(crate) const fn new(sink: S) -> WholeRows<S> {
        WholeRows::after(sink, 0)
    }

    /// Goes on in a sink that holds so many bytes of whole rows.
    pub(crate) const fn after(sink: S, written: u64) -> WholeRows<S> {
        WholeRows { sink, pending: Vec::new(), written }
    }

    /// Whether so much waits that it should be written without being asked for.
    pub(crate) const fn is_full(&self) -> bool {
        self.pending.len() > MOST_PENDING
    }

    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.sink.sync()
    }
}

impl<S: Sink> Write for WholeRows<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// If the sink takes a part only, that part goes again and the rows stay pending.
    fn flush(&mut self) -> io::Result<()> {
        if let Err(cause) = self.sink.write_all(&self.pending) {
            // What cannot be cut (a pipe, a broken disk) stays torn; readers cope with that.
            let _ = self.sink.cut(self.written);
            return Err(cause);
        }
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

/// A CSV file that is being written.
pub(crate) struct Table<R, S: Sink = File> {
    path: PathBuf,
    csv: csv::Writer<WholeRows<S>>,
    cells: CellWriter,
    rows: PhantomData<fn(&R)>,
}

impl<R: Row> Table<R> {
    /// Makes the file in `folder` and writes the names of its columns at once.
    pub(crate) fn create(folder: &Path) -> Result<Table<R>, RecordsError> {
        let path = folder.join(R::FILE);
        // With `append`, what follows a cut goes to the new end.
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        Table::begin(file.map_err(|cause| RecordsError::create(&path, cause))?, path)
    }

    /// Opens the file in `folder` again, cuts it off after its first `rows` rows and goes on there.
    pub(crate) fn resume(folder: &Path, rows: u64) -> Result<Table<R>, RecordsError> {
        let path = folder.join(R::FILE);
        let mut file = File::open(&path).map_err(|cause| RecordsError::read(&path, cause))?;
        let wrong = |fault| match fault {
            ReadFault::Io(cause) => RecordsError::read(&path, cause),
            ReadFault::Row(fault) => RecordsError::Row { path: path.clone(), fault },
        };
        let length = length_of::<R>(&mut file, rows).map_err(wrong)?;
        let file = OpenOptions::new().append(true).open(&path);
        let mut file = file.map_err(|cause| RecordsError::write(&path, cause))?;
        file.cut(length).map_err(|cause| RecordsError::write(&path, cause))?;
        let csv = csv::Writer::from_writer(WholeRows::after(file, length));
        Ok(Table { path, csv, cells: CellWriter::default(), rows: PhantomData })
    }
}

/// Bytes of the columns' names and the first `rows` rows, which have to be whole.
fn length_of<R: Row>(source: impl Read, rows: u64) -> Result<u64, ReadFault> {
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(LastByte { source, last: None });
    let mut record = csv::ByteRecord::new();
    if !csv.read_byte_record(&mut record)? {
        return Err(RowFault::Empty.into());
    }
    places::<R>(&record)?;
    let wanted = record.len();
    for _ in 0..rows {
        let there = csv.read_byte_record(&mut record)?;
        let found = if there { record.len() } else { 0 };
        if found != wanted {
            return Err(RowFault::Length { line: csv.position().line(), found, wanted }.into());
        }
    }
    Ok(csv.position().byte())
}

impl<R: Row, S: Sink> Table<R, S> {
    pub(crate) fn begin(sink: S, path: PathBuf) -> Result<Table<R, S>, RecordsError> {
        let csv = csv::Writer::from_writer(WholeRows::new(sink));
        let mut table = Table { path, csv, cells: CellWriter::default(), rows: PhantomData };
        table.csv.write_record(R::COLUMNS).map_err(|cause| RecordsError::write(&table.path, cause.into()))?;
        table.flush()?;
        Ok(table)
    }

    pub(crate) fn write(&mut self, rows: &[R]) -> Result<(), RecordsError> {
        for row in rows {
            self.cells.record.clear();
            row.write(&mut self.cells);
            let written = self.csv.write_byte_record(&self.cells.record);
            written.map_err(|cause| RecordsError::write(&self.path, cause.into()))?;
        }
        if self.csv.get_ref().is_full() { self.flush() } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self) -> Result<(), RecordsError> {
        self.csv.flush().map_err(|cause| RecordsError::write(&self.path, cause))
    }

    pub(crate) fn close(mut self) -> Result<(), RecordsError> {
        self.flush()?;
        let path = std::mem::take(&mut self.path);
        let wrap = |cause| RecordsError::write(&path, cause);
        let mut rows = self.csv.into_inner().map_err(|fault| wrap(fault.into_error()))?;
        rows.sync().map_err(wrap)
    }
}

impl<R, S: Sink> std::fmt::Debug for Table<R, S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Table").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Hands out the cells of one row, in the order of the row type's columns.
#[derive(Debug)]
pub struct CellReader<'row> {
    record: &'row csv::ByteRecord,
    /// For each column of the row type, its place in the file; none for one that is younger than the file.
    places: &'row [Option<usize>],
    columns: &'static [&'static str],
    defaults: &'static [Option<&'static str>],
    next: usize,
    known: &'row mut KnownTexts,
}

impl CellReader<'_> {
    /// The next cell.
    ///
    /// # Errors
    /// If it does not hold such a value.
    pub fn cell<Value: Cell>(&mut self) -> Result<Value, RowFault> {
        let place = self.places[self.next];
        let default = self.defaults[self.next].unwrap_or_default();
        let bytes = place.map_or(default.as_bytes(), |place| &self.record[place]);
        let value = std::str::from_utf8(bytes).ok().and_then(|text| Value::read(text, self.known));
        let column = self.columns[self.next];
        self.next += 1;
        value.ok_or_else(|| RowFault::Cell {
            line: line(self.record),
            number: place.map_or(0, |place| place + 1),
            column,
            text: String::from_utf8_lossy(bytes).chars().take(LONGEST_SHOWN).collect(),
            wanted: Value::WANTED,
        })
    }
}

fn line(record: &csv::ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

/// Rows of a file, and how many were torn.
#[derive(Debug)]
pub(crate) struct Rows<R> {
    pub(crate) rows: Vec<R>,
    /// 1 if the last row was written in part only, because its writer was killed.
    pub(crate) torn: usize,
}

/// Why rows cannot be read.
#[derive(Debug)]
pub(crate) enum ReadFault {
    Io(io::Error),
    Row(RowFault),
}

impl From<csv::Error> for ReadFault {
    fn from(cause: csv::Error) -> ReadFault {
        ReadFault::Io(cause.into())
    }
}

impl From<RowFault> for ReadFault {
    fn from(fault: RowFault) -> ReadFault {
        ReadFault::Row(fault)
    }
}

/// Reads a file: columns in any order, unknown ones ignored, a torn last row left out.
pub(crate) fn read<R: Row>(source: impl Read) -> Result<Rows<R>, ReadFault> {
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(128 * 1024)
        .from_reader(LastByte { source, last: None });
    let mut record = csv::ByteRecord::new();
    if !csv.read_byte_record(&mut record)? {
        return Err(RowFault::Empty.into());
    }
    let width = record.len();
    let places = places::<R>(&record)?;
    let mut known = KnownTexts::default();
    let mut rows = Vec::new();
    while csv.read_byte_record(&mut record)? {
        let found = record.len();
        let short = found < width;
        let row = if found == width {
            let (columns, defaults, known) = (R::COLUMNS, R::DEFAULTS, &mut known);
            R::read(&mut CellReader { record: &record, places: &places, columns, defaults, next: 0, known })
        } else {
            Err(RowFault::Length { line: line(&record), found, wanted: width })
        };
        match row {
            Ok(row) => rows.push(row),
            Err(fault) => {
                let small = record.as_slice().len() <= LONGEST_TORN;
                let last = !csv.read_byte_record(&mut record)?;
                if last && small && (short || csv.get_ref().is_torn()) {
                    return Ok(Rows { rows, torn: 1 });
                }
                return Err(fault.into());
            }
        }
    }
    // A last row without its end may look whole: 42 microseconds may have been 4200.
    let torn = usize::from(csv.get_ref().is_torn() && !rows.is_empty());
    rows.truncate(rows.len() - torn);
    Ok(Rows { rows, torn })
}

fn places<R: Row>(header: &csv::ByteRecord) -> Result<Vec<Option<usize>>, RowFault> {
    let names: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
    let place = |(&column, default): (&&'static str, &Option<&str>)| {
        // Spreadsheet programs begin text files with a byte order mark.
        let found = names.iter().position(|name| name.trim_start_matches('\u{feff}') == column);
        if found.is_some() || default.is_some() {
            return Ok(found);
        }
        Err(RowFault::NoColumn {
            column,
            file: R::FILE,
            found: names.iter().map(|name| name.chars().take(LONGEST_SHOWN).collect()).collect(),
        })
    };
    R::COLUMNS.iter().zip(R::DEFAULTS).map(place).collect()
}

/// Remembers the last byte that was read: a file that ends without a line feed ends in the middle of a row.
struct LastByte<Source> {
    source: Source,
    last: Option<u8>,
}

impl<Source> LastByte<Source> {
    fn is_torn(&self) -> bool {
        self.last.is_some_and(|byte| byte != b'\n')
    }
}

impl<Source: Read> Read for LastByte<Source> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.last = buffer[..count].last().copied().or(self.last);
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
