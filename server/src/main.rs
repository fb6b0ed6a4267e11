//! `server`: takes jobs from clients and fans them out, until it is told to stop.

fn main() -> std::process::ExitCode {
    server::run(std::env::args_os())
}
