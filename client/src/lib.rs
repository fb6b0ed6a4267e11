//! Submits a folder of images and a strategy to a server, follows the job, and tells how it went.
//!
//! Everything that a person reads is made by pure functions ([`bar`], [`summary`], [`error`]); the rest asks the
//! server and waits.
//!
//! Reading order: [`arguments`], [`session`], [`servers`], [`bar`], [`summary`], [`error`].

pub mod arguments;
pub mod bar;
pub mod division;
pub mod error;
mod histogram;
mod interrupt;
pub mod servers;
pub mod session;
mod show;
pub mod summary;

pub use arguments::Arguments;
pub use error::{ClientError, Status};

use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the client's command line, `arguments[0]` being the program's name, and answers its exit status
/// (see [`Status`]).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are "errors" of status 0; where they cannot be printed nothing can.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match session::run(&arguments) {
        Ok(status) => status.into(),
        Err(error) => {
            eprintln!("client: {error}");
            error.status().into()
        }
    }
}
