//! The verbs of the lab, each in a file of its own, and the table of them.

mod bench;
mod calibrate;
mod certificates;
mod cluster;
mod collect;
mod compare;
mod dataset;
mod demo;
mod experiment_file;
mod faults;
mod health;
mod log;
mod predict;
mod programs;
mod renew;
mod replay;
mod report;
mod run;
mod say;
mod scale;
mod simulate;
mod top;
mod torture;
mod validate;
mod whom;
mod why;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// The laboratory of the testbed: which strategy copes best with nodes that delay and refuse work?
///
/// Without a verb it runs the demonstration.
#[derive(Debug, Parser)]
#[command(name = "lab", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Lab {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    demo: demo::Arguments,
}

const EXAMPLES: &str = "\
Examples:
  lab                                                 every strategy on four nodes: which one wins?
  lab --data photos --replications 10                 the same over your own images, with more certainty
  lab compare results/*                               the comparison again, from the records
  lab report results/*                                the same as a page with pictures: report.html
  lab renew README.md --only demo                     an output that a document shows, made anew by its command
  lab dataset photographs --count 240 --size medium   make 240 photographs of half a megapixel
  lab calibrate results/* > model.toml                a model of what was recorded
  lab predict model.toml --nodes 1000                 what a thousand such nodes would do
  lab validate                                        real runs against their prediction
  lab top                                             the cluster as a live table
  lab log                                             what happened to nodes and jobs
  lab bench                                           what the testbed itself costs
  lab faults                                          27 faults against this system and the original's design
  lab certificates certificates                       what --tls takes, for every machine of machine.txt
  lab drain node2 --server 127.0.0.1:5000 --wait      let a node finish what it has; then stop it
  lab computenode 0.8 --listen 127.0.0.1:5001         one of the programs by itself

Exit status: 0 done, 1 failure, 2 usage, 3 some images failed, 4 no usable node, 130 interrupted.";

/// To add a verb: one file, one line here, one line in `run`.
#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::Arguments),
    Compare(compare::Arguments),
    Report(report::Arguments),
    Renew(renew::Arguments),
    Calibrate(calibrate::Arguments),
    Predict(predict::Arguments),
    Replay(replay::Arguments),
    Scale(scale::Arguments),
    Validate(validate::Arguments),
    Dataset(dataset::Arguments),
    Collect(collect::Arguments),
    Bench(bench::Arguments),
    Certificates(certificates::Arguments),
    Health(health::Arguments),
    Log(log::Arguments),
    Top(top::Arguments),
    Torture(torture::Arguments),
    Faults(faults::Arguments),
    Simulate(simulate::Arguments),
    Run(run::Arguments),
    Why(why::Arguments),
    Nodes(top::Nodes),
    Drain(cluster::Drain),
    Resume(cluster::Resume),
    Events(log::Events),
    /// A compute node: rejects, delays, computes
    Computenode(programs::Arguments),
    /// The server: takes jobs, places attempts, keeps records
    Server(programs::Arguments),
    /// A client: hands a folder to a server and follows the job
    Client(programs::Arguments),
}

/// Runs the lab's command line, `arguments[0]` being the program's name, and answers its exit status: 0 done,
/// 1 failure, 2 usage, 3 some images failed, 4 no usable node, 130 interrupted.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let lab = match Lab::try_parse_from(arguments) {
        Ok(lab) => lab,
        Err(error) => {
            // Help and version are "errors" of status 0; where they cannot be printed nothing can.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match lab.verb {
        None => demo::run(&lab.demo),
        Some(Verb::Demo(arguments)) => demo::run(&arguments),
        Some(Verb::Compare(arguments)) => compare::run(&arguments),
        Some(Verb::Report(arguments)) => report::run(&arguments),
        Some(Verb::Renew(arguments)) => renew::run(&arguments),
        Some(Verb::Calibrate(arguments)) => calibrate::run(&arguments),
        Some(Verb::Predict(arguments)) => predict::run(&arguments),
        Some(Verb::Replay(arguments)) => replay::run(&arguments),
        Some(Verb::Scale(arguments)) => scale::run(&arguments),
        Some(Verb::Validate(arguments)) => validate::run(&arguments),
        Some(Verb::Dataset(arguments)) => dataset::run(&arguments),
        Some(Verb::Collect(arguments)) => collect::run(&arguments),
        Some(Verb::Bench(arguments)) => bench::run(&arguments),
        Some(Verb::Certificates(arguments)) => certificates::run(&arguments),
        Some(Verb::Health(arguments)) => health::run(&arguments),
        Some(Verb::Log(arguments)) => log::run(&arguments),
        Some(Verb::Top(arguments)) => top::run(&arguments),
        Some(Verb::Torture(arguments)) => torture::run(&arguments),
        Some(Verb::Faults(arguments)) => faults::run(&arguments),
        Some(Verb::Simulate(arguments)) => simulate::run(&arguments),
        Some(Verb::Run(arguments)) => run::run(&arguments),
        Some(Verb::Why(arguments)) => why::run(&arguments),
        Some(Verb::Nodes(arguments)) => top::nodes(&arguments),
        Some(Verb::Drain(arguments)) => cluster::drain(&arguments),
        Some(Verb::Resume(arguments)) => cluster::resume(&arguments),
        Some(Verb::Events(arguments)) => log::events(&arguments),
        Some(Verb::Computenode(arguments)) => programs::computenode(arguments),
        Some(Verb::Server(arguments)) => programs::server(arguments),
        Some(Verb::Client(arguments)) => programs::client(arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn verb(line: &str) -> Result<Option<Verb>, clap::Error> {
        Lab::try_parse_from(line.split(' ')).map(|lab| lab.verb)
    }

    #[test]
    fn the_command_line_is_sound() {
        Lab::command().debug_assert();
    }

    #[test]
    fn no_verb_is_the_demonstration() {
        assert!(verb("lab").unwrap().is_none());
        assert!(verb("lab --data photos --replications 3").unwrap().is_none());
        assert!(matches!(verb("lab demo --data photos").unwrap(), Some(Verb::Demo(_))));
    }

    #[test]
    fn programs_get_their_arguments_as_they_are() {
        for line in [
            "lab server --listen 127.0.0.1:0 --help",
            "lab computenode 0.8 --name x",
            "lab client data random",
        ] {
            assert!(verb(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn every_option_has_a_variable_and_a_help_text() {
        let lab = Lab::command();
        for command in lab.get_subcommands().chain([&lab]) {
            for option in command.get_arguments().filter(|argument| argument.get_long().is_some()) {
                let name = format!("{} --{}", command.get_name(), option.get_long().unwrap_or_default());
                assert!(option.get_help().is_some(), "{name} has no help");
                let variable = option.get_env().map(|variable| variable.to_string_lossy().into_owned());
                assert!(
                    variable.is_some_and(|variable| variable.starts_with("BALLAST_")),
                    "{name} has no variable"
                );
            }
        }
    }

    /// Every document of the workspace: its name and its text.
    fn documents() -> Vec<(String, String)> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folders = ["", "docs", "docs/pitfalls"].map(|folder| root.join(folder));
        let entries = folders
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).unwrap())
            .map(|entry| entry.unwrap().path());
        let pages = entries.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
        pages.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
    }

    #[test]
    fn what_documents_say_they_show_is_of_commands_that_there_are() {
        let mut seen = 0;
        for (name, text) in documents() {
            let blocks = crate::document::blocks(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            for block in blocks {
                let line = std::iter::once("lab").chain(block.command.arguments.iter().map(String::as_str));
                let read = Lab::try_parse_from(line);
                assert!(read.is_ok(), "{name}: {}: {}", block.command.text, read.unwrap_err());
                seen += 1;
            }
        }
        assert!(seen >= 3, "{seen}");
    }

    #[test]
    fn what_documents_tell_people_to_type_are_commands_that_there_are() {
        let mut seen = 0;
        for (name, text) in documents() {
            for line in crate::document::commands(&text) {
                let command = crate::document::Command::read(&line).unwrap();
                let read = Lab::try_parse_from(
                    std::iter::once("lab").chain(command.arguments.iter().map(String::as_str)),
                );
                // Help and version are "errors" of status 0.
                let fault = read.err().filter(|error| error.exit_code() != 0);
                assert!(fault.is_none(), "{name}: {line}: {}", fault.unwrap());
                seen += 1;
            }
        }
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn wrong_usage() {
        for line in [
            "lab judge",
            "lab compare",
            "lab --replications 0",
            "lab --loads 0.8,2",
            "lab --slots 0",
            "lab dataset d --size big",
            "lab --delay soon",
        ] {
            assert_eq!(verb(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
