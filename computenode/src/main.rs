//! `computenode LOAD_PROBABILITY`: one compute node, until it is told to stop.

fn main() -> std::process::ExitCode {
    computenode::run(std::env::args_os())
}
