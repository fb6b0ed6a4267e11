//! Numbers and texts as bytes, and back: no length that is read is believed before the bytes are there.

/// Puts numbers and texts behind one another.
#[derive(Debug, Default)]
pub struct Put(pub Vec<u8>);

impl Put {
    /// One byte.
    pub fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Eight bytes, the lowest first.
    pub fn number(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    /// The length, then the bytes. Lengths above 32 bits do not occur: a frame is smaller.
    pub fn bytes(&mut self, value: &[u8]) {
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.0.extend(length.to_le_bytes());
        self.0.extend(&value[..length as usize]);
    }

    /// A text, as its bytes.
    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }
}

/// The bytes do not hold what is asked of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes end or differ where {0} should be")]
pub struct Malformed(pub &'static str);

/// Takes numbers and texts from the front.
#[derive(Clone, Copy, Debug)]
pub struct Take<'bytes>(pub &'bytes [u8]);

impl<'bytes> Take<'bytes> {
    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn some<const COUNT: usize>(&mut self, what: &'static str) -> Result<[u8; COUNT], Malformed> {
        let (head, rest) = self.0.split_first_chunk::<COUNT>().ok_or(Malformed(what))?;
        self.0 = rest;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// If none is left.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.some::<1>("a byte").map(|[value]| value)
    }

    /// Eight bytes, the lowest first.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn number(&mut self) -> Result<u64, Malformed> {
        self.some::<8>("a number").map(u64::from_le_bytes)
    }

    /// The bytes that follow their length.
    ///
    /// # Errors
    /// If fewer are left than the length says.
    pub fn bytes(&mut self) -> Result<&'bytes [u8], Malformed> {
        let length = u32::from_le_bytes(self.some::<4>("a length")?) as usize;
        let (head, rest) = self.0.split_at_checked(length).ok_or(Malformed("as many bytes as announced"))?;
        self.0 = rest;
        Ok(head)
    }

    /// A text.
    ///
    /// # Errors
    /// If it is cut short or not UTF-8.
    pub fn text(&mut self) -> Result<String, Malformed> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed("UTF-8 text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_taken_and_nothing_more() {
        let mut put = Put::default();
        put.byte(7);
        put.number(u64::MAX - 1);
        put.text("größe");
        put.bytes(b"");
        let mut take = Take(&put.0);
        assert_eq!((take.byte(), take.number()), (Ok(7), Ok(u64::MAX - 1)));
        assert_eq!((take.text().as_deref(), take.bytes()), (Ok("größe"), Ok(&b""[..])));
        assert!(take.is_empty());
        assert_eq!(take.byte(), Err(Malformed("a byte")));
        assert!(Take(&[255, 255, 255, 255, 1]).bytes().is_err(), "a length of 4 GiB in five bytes");
        assert!(Take(&[1, 0, 0, 0, 0xFF]).text().is_err());
    }
}
