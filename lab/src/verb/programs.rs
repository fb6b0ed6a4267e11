//! `lab server`, `lab computenode`, `lab client`: the same programs in one file.

use crate::local_cluster::tether;
use std::ffi::OsString;
use std::process::ExitCode;

/// The command line of the program, handed on as it is.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(super) struct Arguments {
    /// Arguments of the program; --help tells them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    rest: Vec<OsString>,
}

pub(super) fn server(arguments: Arguments) -> ExitCode {
    tether::hold_on();
    server::run(named("lab server", arguments))
}

pub(super) fn computenode(arguments: Arguments) -> ExitCode {
    tether::hold_on();
    computenode::run(named("lab computenode", arguments))
}

pub(super) fn client(arguments: Arguments) -> ExitCode {
    client::run(named("lab client", arguments))
}

fn named(name: &str, arguments: Arguments) -> impl Iterator<Item = OsString> {
    std::iter::once(OsString::from(name)).chain(arguments.rest)
}
