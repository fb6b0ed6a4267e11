//! A block of another document that is made anew between two marks, with the command that makes it in the first one.

const BEGIN: &str = "<!-- BEGIN lab report";
const END: &str = "<!-- END lab report -->";
const CLOSE: &str = "-->";

/// Why a document cannot be renewed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpliceError {
    /// No mark.
    #[error("there is no block to renew: write the lines '{BEGIN} -->' and '{END}' where it is to stand")]
    NoBlock,
    /// A beginning without its end.
    #[error("line {0}: the block is not closed: write '{END}' after it")]
    NotClosed(usize),
    /// Several blocks, and none is made by this command.
    #[error(
        "there are {0} blocks and none was made by this command; write it into the first line of one of them"
    )]
    WhichOne(usize),
}

/// A block by byte positions in its document.
struct Block {
    begin: usize,
    /// After the first mark.
    body: usize,
    end: usize,
    command: String,
}

/// `document` with `body` in the block that `command` made before, or in the only one. The first mark then tells
/// `command`, such as `lab report results/*`.
///
/// # Errors
/// If there is no such block.
pub fn splice(document: &str, command: &str, body: &str) -> Result<String, SpliceError> {
    let blocks = blocks(document)?;
    let own = blocks.iter().find(|block| block.command == command);
    let block = match (own, blocks.as_slice()) {
        (Some(block), _) => block,
        (None, [only]) => only,
        (None, []) => return Err(SpliceError::NoBlock),
        (None, several) => return Err(SpliceError::WhichOne(several.len())),
    };
    let (before, after) = (&document[..block.begin], &document[block.end..]);
    let rest = command.strip_prefix("lab report").unwrap_or(command);
    // A comment ends at the first arrow, wherever it stands.
    let rest = rest.replace(CLOSE, "→");
    Ok(format!("{before}{BEGIN}{rest} {CLOSE}\n\n{}\n\n{after}", body.trim_matches('\n')))
}

fn blocks(document: &str) -> Result<Vec<Block>, SpliceError> {
    let mut blocks = Vec::new();
    let mut from = 0;
    while let Some(found) = document[from..].find(BEGIN) {
        let begin = from + found;
        let line = || document[..begin].matches('\n').count() + 1;
        let rest = &document[begin + BEGIN.len()..];
        let command_length = rest.find(CLOSE).ok_or_else(|| SpliceError::NotClosed(line()))?;
        let body = begin + BEGIN.len() + command_length + CLOSE.len();
        let length = document[body..].find(END).ok_or_else(|| SpliceError::NotClosed(line()))?;
        if document[body..body + length].contains(BEGIN) {
            return Err(SpliceError::NotClosed(line()));
        }
        let command = format!("lab report {}", rest[..command_length].trim());
        blocks.push(Block { begin, body, end: body + length, command: command.trim_end().to_owned() });
        from = blocks.last().map_or(document.len(), |block| block.body);
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: &str = "a\n<!-- BEGIN lab report x -->\nold\n<!-- END lab report -->\nb\n\
                       <!-- BEGIN lab report y -->\nold\n<!-- END lab report -->\nc\n";

    #[test]
    fn the_only_block_takes_the_command() {
        let document = "# Title\n<!-- BEGIN lab report -->\n<!-- END lab report -->\nrest\n";
        let spliced = splice(document, "lab report results/one --baseline random", "| a |\n").unwrap();
        insta::assert_snapshot!(spliced, @r"
        # Title
        <!-- BEGIN lab report results/one --baseline random -->

        | a |

        <!-- END lab report -->
        rest
        ");
    }

    #[test]
    fn among_several_the_command_decides() {
        let spliced = splice(TWO, "lab report y", "new").unwrap();
        assert!(spliced.starts_with(&TWO[..TWO.find("<!-- BEGIN lab report y").unwrap()]));
        assert!(spliced.ends_with("y -->\n\nnew\n\n<!-- END lab report -->\nc\n"));
        assert_eq!(splice(TWO, "lab report z", "new"), Err(SpliceError::WhichOne(2)));
    }

    #[test]
    fn documents_without_a_whole_block_are_refused() {
        assert_eq!(splice("text", "c", "b"), Err(SpliceError::NoBlock));
        let open = "a\n\n<!-- BEGIN lab report -->\ntext";
        assert_eq!(splice(open, "c", "b"), Err(SpliceError::NotClosed(3)));
        let nested = "<!-- BEGIN lab report -->\n<!-- BEGIN lab report -->\n<!-- END lab report -->";
        assert_eq!(splice(nested, "c", "b"), Err(SpliceError::NotClosed(1)));
    }

    proptest! {
        #[test]
        fn renewing_twice_changes_nothing_more(body in "[a-z|\n]{0,40}", argument in "[a-z/*-]{0,12}") {
            let command = format!("lab report {argument}");
            let once = splice(TWO.split("\nb\n").next().unwrap(), command.trim_end(), &body).unwrap();
            prop_assert_eq!(splice(&once, command.trim_end(), &body).unwrap(), once);
        }
    }
}
