//! Documents that show what the lab prints: which of their lines are its commands, and which are its outputs.

const BEGIN: &str = "<!-- BEGIN ";
const CLOSE: &str = "-->";
const FENCE: &str = "```";

/// What may precede the lab's arguments in a document.
const PROGRAMS: [&str; 3] = ["lab", "cargo run --release --", "cargo run --release"];

/// Why a document's block cannot be read or renewed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// A beginning without an end.
    #[error("block '{0}' is not closed: write <!-- END {0} --> below it")]
    NotClosed(String),
    /// A mark without a command.
    #[error("'{0}' names no command: write <!-- BEGIN NAME: COMMAND -->")]
    NoCommand(String),
    /// Another program's command.
    #[error("'{0}' is no command of the lab: it begins with `lab` or `cargo run --release`")]
    NotOurs(String),
    /// A quotation mark that is not closed.
    #[error("'{0}' has a quotation mark that is not closed")]
    Unquoted(String),
    /// The output lacks the part that is asked for.
    #[error("the output has no heading '== {0} =='")]
    NoPart(String),
    /// The block is gone.
    #[error("there is no block '{0}'")]
    NoBlock(String),
}

/// A command of the lab, as a document writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// As it stands there.
    pub text: String,
    /// The lab's arguments, without the program's name.
    pub arguments: Vec<String>,
    /// The heading of the part of the output that is wanted; none for all of it.
    part: Option<String>,
}

impl Command {
    /// Reads `lab simulate FILE; only HEADING`.
    ///
    /// # Errors
    /// If it is no command of the lab, or its quotation marks do not match.
    pub fn read(text: &str) -> Result<Command, DocumentError> {
        let (line, part) = match text.split_once("; only ") {
            Some((line, part)) => (line, Some(part.trim().to_owned())),
            None => (text, None),
        };
        let after = |program: &str| {
            line.strip_prefix(program).filter(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let rest = PROGRAMS.iter().find_map(|program| after(program));
        let rest = rest.ok_or_else(|| DocumentError::NotOurs(line.to_owned()))?;
        let arguments = words(rest).ok_or_else(|| DocumentError::Unquoted(line.to_owned()))?;
        Ok(Command { text: text.to_owned(), arguments, part })
    }

    /// The wanted part of what it printed.
    ///
    /// # Errors
    /// If the output has no such part.
    pub fn part_of(&self, output: &str) -> Result<String, DocumentError> {
        let Some(part) = &self.part else { return Ok(output.to_owned()) };
        let heading = format!("== {part} ==\n");
        let after = output.split_once(heading.as_str()).map(|(_, after)| after);
        let after = after.ok_or_else(|| DocumentError::NoPart(part.clone()))?;
        Ok(after.split("\n== ").next().unwrap_or(after).to_owned())
    }
}

/// An output between its marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its name.
    pub name: String,
    /// The command that it is of.
    pub command: Command,
}

/// The blocks `<!-- BEGIN NAME: COMMAND -->` … `<!-- END NAME -->` of a document; those of `lab report` have no name and are
/// left out.
///
/// # Errors
/// If one is not closed, or its command is none of the lab's.
pub fn blocks(document: &str) -> Result<Vec<Block>, DocumentError> {
    let marks = document.lines().filter_map(|line| line.strip_prefix(BEGIN)?.strip_suffix(CLOSE));
    let mut blocks = Vec::new();
    for mark in marks.filter(|mark| !mark.starts_with("lab report")) {
        let (name, command) =
            mark.split_once(": ").ok_or_else(|| DocumentError::NoCommand(mark.trim().to_owned()))?;
        if !document.lines().any(|line| line == end(name)) {
            return Err(DocumentError::NotClosed(name.to_owned()));
        }
        blocks.push(Block { name: name.to_owned(), command: Command::read(command.trim())? });
    }
    Ok(blocks)
}

/// The document with `output` in the block of that name.
///
/// # Errors
/// If there is no such block.
pub fn renewed(document: &str, name: &str, output: &str) -> Result<String, DocumentError> {
    let gone = || DocumentError::NoBlock(name.to_owned());
    let begin = document.find(&format!("{BEGIN}{name}: ")).ok_or_else(gone)?;
    let body = begin + document[begin..].find('\n').ok_or_else(gone)? + 1;
    let length =
        document[body..].find(&end(name)).ok_or_else(|| DocumentError::NotClosed(name.to_owned()))?;
    let (before, after) = (&document[..body], &document[body + length..]);
    Ok(format!("{before}{FENCE}text\n{}\n{FENCE}\n{after}", output.trim_matches('\n')))
}

fn end(name: &str) -> String {
    format!("<!-- END {name} -->")
}

/// The lines of a document's shell blocks that are commands of the lab, without comments and where their output goes.
pub fn commands(document: &str) -> Vec<String> {
    let begin = format!("\n{FENCE}sh\n");
    let shell = document.split(begin.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next());
    let joined: Vec<String> = shell.map(|block| block.replace("\\\n", " ")).collect();
    let bare = |line: &str| {
        let line = line.split(" #").next().unwrap_or(line);
        line.split(" > ").next().unwrap_or(line).trim().to_owned()
    };
    joined.iter().flat_map(|block| block.lines()).map(bare).filter(|line| line.starts_with("lab ")).collect()
}

/// The words of a line as a shell reads them, quotation marks and no other magic. None if one is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut within) = (None, false);
    for character in line.chars() {
        match (quote, character) {
            (Some(mark), _) if mark == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                if !within {
                    words.push(String::new());
                }
                within = true;
            }
            (None, ' ' | '\t') => within = false,
            _ => {
                if !within {
                    words.push(String::new());
                }
                within = true;
                words.last_mut()?.push(character);
            }
        }
    }
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n<!-- BEGIN who: lab simulate e.toml --set 'a=[1, 2]'; only all cells -->\nold\n<!-- END who -->\nz\n";

    #[test]
    fn a_block_is_found_and_renewed() {
        let [block] = &blocks(PAGE).unwrap()[..] else { panic!() };
        assert_eq!(block.name, "who");
        assert_eq!(block.command.arguments, ["simulate", "e.toml", "--set", "a=[1, 2]"]);
        let printed = "== x ==\n1\n\n== all cells ==\na  b\n";
        let part = block.command.part_of(printed).unwrap();
        let page = renewed(PAGE, "who", &part).unwrap();
        let (head, _) = PAGE.split_once("old").unwrap();
        assert_eq!(page, format!("{head}```text\na  b\n```\n<!-- END who -->\nz\n"));
        assert_eq!(renewed(&page, "who", &part).unwrap(), page, "twice is as once");
        assert_eq!(block.command.part_of("nothing"), Err(DocumentError::NoPart("all cells".to_owned())));
    }

    #[test]
    fn what_is_no_block_of_the_labs_says_why() {
        let fault = |page: &str| blocks(page).unwrap_err().to_string();
        assert!(fault("<!-- BEGIN a: lab bench -->\n").contains("not closed"));
        assert!(fault("<!-- BEGIN a -->\n<!-- END a -->").contains("names no command"));
        assert!(fault("<!-- BEGIN a: rm -r x -->\n<!-- END a -->").contains("no command of the lab"));
        assert!(fault("<!-- BEGIN a: lab run 'x -->\n<!-- END a -->").contains("not closed"));
        assert_eq!(blocks("<!-- BEGIN lab report results/x -->\n<!-- END lab report -->\n"), Ok(vec![]));
    }

    #[test]
    fn the_demonstration_may_be_started_by_cargo() {
        assert_eq!(Command::read("cargo run --release").unwrap().arguments, Vec::<String>::new());
        assert_eq!(Command::read("cargo run --release -- --stay").unwrap().arguments, ["--stay"]);
        assert!(Command::read("laboratory x").is_err());
    }

    #[test]
    fn commands_are_read_from_shell_blocks_only() {
        let page = "lab no\n\n```sh\nlab run FILE   # yes\ncargo test\nlab calibrate r > m.toml\nlab run \\\n  b\n```\nlab no\n";
        assert_eq!(commands(page), ["lab run FILE", "lab calibrate r", "lab run    b"]);
    }
}
