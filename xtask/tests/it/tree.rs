//! The files of the workspace, as everybody sees them: without build output, records and version control.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Folders that hold no source. Records and users' images may be many and large.
const SKIPPED: [&str; 8] =
    [".git", "target", "results", "input_dir", "output_dir", "__pycache__", ".venv", "node_modules"];

/// A text file.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// The folder of the root manifest.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask stands in the root folder").to_owned()
}

/// Every text file, in the order of their paths.
pub(crate) fn texts() -> &'static [TextFile] {
    static TEXTS: LazyLock<Vec<TextFile>> = LazyLock::new(|| {
        let mut files = Vec::new();
        collect(&root(), "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    });
    &TEXTS
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<TextFile>) {
    for entry in fs::read_dir(folder).expect("a folder of the tree can be read") {
        let entry = entry.expect("an entry of the tree can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.push(TextFile { path, text });
        }
    }
}

/// Fails with all complaints at once, one a line, after a sentence that says what to do.
#[track_caller]
pub(crate) fn none(complaints: &[String], remedy: &str) {
    assert!(complaints.is_empty(), "{remedy}\n  {}", complaints.join("\n  "));
}
