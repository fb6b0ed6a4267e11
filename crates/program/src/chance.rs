//! Numbers that nobody gave: for identities and seeds, and for tokens that nobody may guess.

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::io;

/// Bytes of a token.
const TOKEN_BYTES: usize = 16;

/// A number for an identity or a seed, by the standard library's keyed hash. It fits the wire's signed 64 bits. It is no
/// secret: whoever must not guess it gets [`token`]. What is drawn for a seed must be reported.
pub fn draw() -> u64 {
    RandomState::new().hash_one(std::process::id()) >> 1
}

/// 128 bits of the system's cryptographic randomness, in hexadecimal: for what opens a door.
///
/// # Errors
/// If the system gives none.
pub fn token() -> io::Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // A `String` takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_all_its_bits_and_is_another_one_each_time() {
        let tokens: Vec<String> = (0..64).map(|_| token().unwrap()).collect();
        let mut ever = [0_u8; TOKEN_BYTES];
        for text in &tokens {
            assert_eq!(text.len(), 2 * TOKEN_BYTES);
            for (place, bits) in ever.iter_mut().enumerate() {
                *bits |= u8::from_str_radix(&text[2 * place..2 * place + 2], 16).unwrap();
            }
        }
        // Of 64 draws each bit is set in at least one, but for a chance of 128 in 2 to the 64th.
        assert_eq!(ever, [0xff; TOKEN_BYTES]);
        let distinct: std::collections::BTreeSet<&String> = tokens.iter().collect();
        assert_eq!(distinct.len(), tokens.len());
    }
}
