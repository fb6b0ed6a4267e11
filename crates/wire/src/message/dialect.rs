//! Which of Thrift's dialects a peer speaks, told from the first six bytes of its first message.
//!
//! One port so serves every client that the stock libraries can make: binary or compact, framed or not. The rule is
//! that of Thrift's own specification ("Compatibility" in `thrift-rpc.md`). Every legal message has six bytes.

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Dialect {
    pub(crate) encoding: EncodingName,
    /// Each message follows its length in four bytes.
    pub(crate) framed: bool,
}

/// The two encodings of Thrift that are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EncodingName {
    Binary,
    Compact,
}

/// What a peer speaks instead of Thrift as we serve it. The names go to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Foreign {
    Http,
    Tls,
    /// Thrift with a header transport.
    Header,
    /// A frame above the limit on messages; the old non-strict binary encoding looks like it too.
    Oversize,
    Unknown,
}

/// Bytes that [`Dialect::sniff`] needs.
pub(crate) const SNIFFED_BYTES: usize = 6;

impl Dialect {
    /// What the original system speaks.
    pub(crate) const PLAIN_BINARY: Dialect = Dialect { encoding: EncodingName::Binary, framed: false };

    /// Tells the dialect from the first bytes of a connection.
    pub(crate) fn sniff(head: [u8; SNIFFED_BYTES], frame_limit: usize) -> Result<Dialect, Foreign> {
        if let Some(encoding) = encoding(head[0], head[1]) {
            return Ok(Dialect { encoding, framed: false });
        }
        if head[..2] == [0x16, 0x03] {
            return Err(Foreign::Tls);
        }
        if [&b"GET "[..], b"HEAD ", b"POST ", b"PUT ", b"OPTION"].iter().any(|verb| head.starts_with(verb)) {
            return Err(Foreign::Http);
        }
        if head[4..] == [0x0f, 0xff] {
            return Err(Foreign::Header);
        }
        let encoding = encoding(head[4], head[5]).ok_or(Foreign::Unknown)?;
        let frame = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        if usize::try_from(frame).is_ok_and(|bytes| bytes <= frame_limit) {
            Ok(Dialect { encoding, framed: true })
        } else {
            Err(Foreign::Oversize)
        }
    }
}

/// The encoding of a message that begins with these two bytes.
fn encoding(first: u8, second: u8) -> Option<EncodingName> {
    match (first, second) {
        (0x80, 0x01) => Some(EncodingName::Binary),
        (0x82, second) if second & 0x1f == 1 => Some(EncodingName::Compact),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniff(head: [u8; 6]) -> Result<Dialect, Foreign> {
        Dialect::sniff(head, 1_000)
    }

    #[test]
    fn the_four_dialects() {
        let binary = EncodingName::Binary;
        let compact = EncodingName::Compact;
        assert_eq!(sniff([0x80, 1, 0, 1, 0, 0]), Ok(Dialect { encoding: binary, framed: false }));
        assert_eq!(sniff([0x82, 0x21, 1, 4, 0, 0]), Ok(Dialect { encoding: compact, framed: false }));
        assert_eq!(sniff([0, 0, 0, 20, 0x80, 1]), Ok(Dialect { encoding: binary, framed: true }));
        assert_eq!(sniff([0, 0, 3, 0xe8, 0x82, 0x21]), Ok(Dialect { encoding: compact, framed: true }));
    }

    #[test]
    fn everything_else_is_foreign() {
        assert_eq!(sniff(*b"GET / "), Err(Foreign::Http));
        assert_eq!(sniff(*b"POST /"), Err(Foreign::Http));
        assert_eq!(sniff([0x16, 3, 1, 0, 0x80, 1]), Err(Foreign::Tls));
        assert_eq!(sniff([0, 0, 0, 20, 0x0f, 0xff]), Err(Foreign::Header));
        assert_eq!(
            sniff([0, 0, 0, 4, b'p', b'i']),
            Err(Foreign::Unknown),
            "the old non-strict binary encoding"
        );
        assert_eq!(sniff([0x82, 0x22, 1, 4, 0, 0]), Err(Foreign::Unknown), "compact of another version");
        assert_eq!(sniff([0, 0, 3, 0xe9, 0x80, 1]), Err(Foreign::Oversize));
        assert_eq!(sniff([0xff, 0xff, 0xff, 0xff, 0x80, 1]), Err(Foreign::Oversize));
    }
}
