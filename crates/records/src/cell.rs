//! One cell of a CSV file: how a value becomes text and text a value.

use cluster::Admission;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// Text that many rows share: a run has a million rows and five nodes.
pub type Text = Arc<str>;

/// A value that a cell can hold. Reading what was written gives the value back.
pub trait Cell: Sized {
    /// What a cell of this type holds, for the complaint about one that does not.
    const WANTED: &'static str;

    /// Appends the text of the value.
    fn write(&self, to: &mut String);

    /// The value of a text, if it is one.
    fn read(text: &str, known: &mut KnownTexts) -> Option<Self>;
}

/// Characters with which a spreadsheet program begins a formula, and the quote that marks a text as a text.
const MARKED: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// A spreadsheet would run the text `=1+1` as a formula, and image names come from strangers. A text that begins with
/// one of [`MARKED`] is therefore written with a single quote before it, and the first single quote of a text is
/// taken off when it is read.
impl Cell for Text {
    const WANTED: &'static str = "UTF-8 text";

    fn write(&self, to: &mut String) {
        if self.starts_with(MARKED) {
            to.push('\'');
        }
        to.push_str(self);
    }

    fn read(text: &str, known: &mut KnownTexts) -> Option<Text> {
        Some(known.share(text.strip_prefix('\'').unwrap_or(text)))
    }
}

macro_rules! number {
    ($type:ty) => {
        impl Cell for $type {
            const WANTED: &'static str = "a whole number that is not negative";

            fn write(&self, to: &mut String) {
                // Writing to a String cannot fail.
                let _ = write!(to, "{self}");
            }

            fn read(text: &str, _: &mut KnownTexts) -> Option<$type> {
                text.parse().ok()
            }
        }
    };
}

number!(u32);
number!(u64);

impl Cell for bool {
    const WANTED: &'static str = "true or false";

    fn write(&self, to: &mut String) {
        to.push_str(if *self { "true" } else { "false" });
    }

    fn read(text: &str, _: &mut KnownTexts) -> Option<bool> {
        text.parse().ok()
    }
}

impl Cell for Admission {
    const WANTED: &'static str = "may-reject or must-accept";

    fn write(&self, to: &mut String) {
        to.push_str(self.name());
    }

    fn read(text: &str, _: &mut KnownTexts) -> Option<Admission> {
        text.parse().ok()
    }
}

/// An enum whose values have names in a cell.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$value_meta:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$value_meta])* $value,)+
        }

        impl $name {
            /// Every value, in a fixed order.
            pub const ALL: &'static [$name] = &[$($name::$value),+];

            /// The name in the files.
            pub const fn name(self) -> &'static str {
                match self {
                    $($name::$value => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.name())
            }
        }

        impl $crate::cell::Cell for $name {
            const WANTED: &'static str = concat!("one of:" $(, " ", $text)+);

            fn write(&self, to: &mut String) {
                to.push_str(self.name());
            }

            fn read(text: &str, _: &mut $crate::cell::KnownTexts) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.name() == text)
            }
        }
    };
}
pub(crate) use named;

/// Texts met so far, so that equal ones are kept once.
#[derive(Debug, Default)]
pub struct KnownTexts(HashSet<Text>);

impl KnownTexts {
    fn share(&mut self, text: &str) -> Text {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let text: Text = Arc::from(text);
        self.0.insert(Arc::clone(&text));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written<Value: Cell>(value: &Value) -> String {
        let mut text = String::new();
        value.write(&mut text);
        text
    }

    #[test]
    fn spreadsheets_see_no_formula() {
        for formula in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1"] {
            assert_eq!(written(&Text::from(formula)), format!("'{formula}"));
        }
        assert_eq!(written(&Text::from("a=1")), "a=1");
        assert_eq!(written(&Text::from("")), "");
    }

    #[test]
    fn equal_texts_are_kept_once() {
        let mut known = KnownTexts::default();
        let (first, second) = (known.share("node0"), known.share("node0"));
        assert!(Arc::ptr_eq(&first, &second));
        assert!(!Arc::ptr_eq(&first, &known.share("node1")));
    }

    #[test]
    fn numbers_are_whole_and_not_negative() {
        let mut known = KnownTexts::default();
        assert_eq!(u64::read("18446744073709551615", &mut known), Some(u64::MAX));
        for bad in ["", "-1", "1.0", "1e3", " 1", "x", "18446744073709551616"] {
            assert_eq!(u64::read(bad, &mut known), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in "['=+@\\-\\t\\r\\n\",é]{0,3}.*") {
            let text = Text::from(text);
            prop_assert_eq!(Text::read(&written(&text), &mut KnownTexts::default()), Some(text));
        }
    }
}
