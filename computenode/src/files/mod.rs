//! The node's files: everything it reads or writes lies inside the data roots that it was started with.
//!
//! Names come from the wire. Each is checked by its words first ([`name`]), then opened relative to a handle of the
//! root ([`roots`]), so that the kernel itself refuses whatever leads out of it, also by a symbolic link that somebody
//! swaps in meanwhile. Results are written to a [`temporary`] file that takes its final name only when it is whole.

mod name;
mod roots;
mod temporary;

pub(crate) use name::check_file_name;

pub(crate) use roots::{BadRoot, DataFolder, DataRoots};
pub(crate) use temporary::{Missing, TemporaryFile};

/// Folder of the source images, below the data folder.
pub(crate) const INPUT: &str = "input_dir";
/// Folder of the results, below the data folder.
pub(crate) const OUTPUT: &str = "output_dir";
/// Folder of temporary results, below [`OUTPUT`].
pub(crate) const WORKSHOP: &str = ".ballast";
