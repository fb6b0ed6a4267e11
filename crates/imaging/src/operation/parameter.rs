//! Parameters of operations: what they are called, what they may be, what was given.

use std::fmt;

/// One parameter of an operation, as the table declares it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in the text form, for example `size`.
    pub name: &'static str,
    /// One line for people, with the unit.
    pub help: &'static str,
    /// The values that it may take.
    pub domain: Domain,
    /// Its value when the text does not give one.
    pub default: Value,
}

impl Parameter {
    pub(super) const fn integer(
        name: &'static str,
        help: &'static str,
        range: (i64, i64),
        default: i64,
    ) -> Parameter {
        Parameter { name, help, domain: Domain::Integer(range.0, range.1), default: Value::Integer(default) }
    }

    pub(super) const fn odd(
        name: &'static str,
        help: &'static str,
        range: (i64, i64),
        default: i64,
    ) -> Parameter {
        Parameter { name, help, domain: Domain::Odd(range.0, range.1), default: Value::Integer(default) }
    }

    pub(super) const fn real(
        name: &'static str,
        help: &'static str,
        range: (f64, f64),
        default: f64,
    ) -> Parameter {
        Parameter { name, help, domain: Domain::Real(range.0, range.1), default: Value::Real(default) }
    }

    pub(super) const fn word(
        name: &'static str,
        help: &'static str,
        words: &'static [&'static str],
    ) -> Parameter {
        Parameter { name, help, domain: Domain::Word(words), default: Value::Word(words[0]) }
    }

    /// The seed of an operation that draws luck.
    pub(super) const fn seed() -> Parameter {
        Parameter::integer("seed", "names the luck: equal seeds give equal results", (0, i64::MAX), 0)
    }
}

/// The values that a parameter may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// Whole numbers from the first to the second, both included.
    Integer(i64, i64),
    /// Odd whole numbers from the first to the second, both included.
    Odd(i64, i64),
    /// Finite numbers from the first to the second, both included.
    Real(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A value within some [`Domain`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Of [`Domain::Integer`] and [`Domain::Odd`].
    Integer(i64),
    /// Of [`Domain::Real`].
    Real(f64),
    /// Of [`Domain::Word`].
    Word(&'static str),
}

impl Domain {
    /// Reads a value, or `None` when the text is no value of this domain.
    pub(super) fn read(self, text: &str) -> Option<Value> {
        match self {
            Domain::Integer(low, high) => {
                text.parse().ok().filter(|v| (low..=high).contains(v)).map(Value::Integer)
            }
            Domain::Odd(low, high) => {
                text.parse().ok().filter(|v| (low..=high).contains(v) && v % 2 != 0).map(Value::Integer)
            }
            // Adding zero turns -0 into 0, which prints the same in every chain.
            Domain::Real(low, high) => {
                text.parse().ok().filter(|v| (low..=high).contains(v)).map(|v: f64| Value::Real(v + 0.0))
            }
            Domain::Word(words) => words.iter().find(|word| **word == text).map(|word| Value::Word(word)),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::Integer(low, high) => write!(f, "a whole number from {low} to {high}"),
            Domain::Odd(low, high) => write!(f, "an odd number from {low} to {high}"),
            Domain::Real(low, high) => write!(f, "a number from {low} to {high}"),
            Domain::Word(words) => write!(f, "one of {}", words.join(", ")),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(value) => write!(f, "{value}"),
            Value::Real(value) => write!(f, "{value}"),
            Value::Word(word) => f.write_str(word),
        }
    }
}

/// The values of one step, in the order in which its operation declares them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments<'a> {
    pub(super) parameters: &'static [Parameter],
    pub(super) values: &'a [Value],
}

impl Arguments<'_> {
    fn get(&self, name: &str) -> Value {
        let at = self.parameters.iter().position(|parameter| parameter.name == name);
        #[expect(
            clippy::expect_used,
            reason = "an operation asks for what it declares; a test binds the whole table"
        )]
        let at = at.expect("declared parameter");
        self.values[at]
    }

    /// A parameter of whole numbers.
    pub(crate) fn integer(&self, name: &str) -> i64 {
        match self.get(name) {
            Value::Integer(value) => value,
            other => unreachable!("{name} is declared whole, not {other:?}"),
        }
    }

    /// A parameter of whole numbers that its domain keeps from being negative.
    pub(crate) fn size(&self, name: &str) -> usize {
        self.integer(name).unsigned_abs() as usize
    }

    /// A parameter of numbers.
    pub(crate) fn real(&self, name: &str) -> f64 {
        match self.get(name) {
            Value::Real(value) => value,
            other => unreachable!("{name} is declared real, not {other:?}"),
        }
    }

    /// A parameter of words.
    pub(crate) fn word(&self, name: &str) -> &'static str {
        match self.get(name) {
            Value::Word(word) => word,
            other => unreachable!("{name} is declared a word, not {other:?}"),
        }
    }
}
