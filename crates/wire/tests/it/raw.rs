//! Thrift's strict binary encoding by hand, to say what no library would say.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::services::PATIENCE;
use wire::Running;

pub(crate) const BOOL: u8 = 2;
pub(crate) const I32: u8 = 8;
pub(crate) const I64: u8 = 10;
pub(crate) const TEXT: u8 = 11;
pub(crate) const STRUCT: u8 = 12;
pub(crate) const MAP: u8 = 13;
pub(crate) const LIST: u8 = 15;

pub(crate) const CALL: u8 = 1;
pub(crate) const REPLY: u8 = 2;
pub(crate) const EXCEPTION: u8 = 3;
pub(crate) const ONE_WAY: u8 = 4;

pub(crate) fn text(bytes: &[u8]) -> Vec<u8> {
    [&i32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

pub(crate) fn field(kind: u8, id: i16) -> Vec<u8> {
    [&[kind][..], &id.to_be_bytes()].concat()
}

pub(crate) fn message_of(kind: u8, method: &str, sequence: i32, body: &[u8]) -> Vec<u8> {
    [&[0x80, 1, 0, kind][..], &text(method.as_bytes()), &sequence.to_be_bytes(), body].concat()
}

pub(crate) fn call(method: &str, body: &[u8]) -> Vec<u8> {
    message_of(CALL, method, 1, body)
}

pub(crate) fn ping() -> Vec<u8> {
    call("ping", &[0])
}

/// The answer to [`ping`].
pub(crate) fn pong() -> Vec<u8> {
    message_of(REPLY, "ping", 1, &[0])
}

/// A connection of a peer without manners.
pub(crate) struct Raw(pub(crate) TcpStream);

/// An answer, as far as a test looks at it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Reply(String),
    /// Method, kind and words of an application exception.
    Exception(String, i32, String),
    Closed,
}

impl Raw {
    pub(crate) fn connect(running: &Running) -> Raw {
        let stream = TcpStream::connect(running.local_addr()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Raw(stream)
    }

    /// Sends; that the other side may have hung up already is not the sender's concern.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Raw {
        let _ = self.0.write_all(bytes);
        self
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        match self.0.read_exact(&mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                None
            }
            Err(error) => panic!("no answer: {error}"),
        }
    }

    fn take_text(&mut self) -> String {
        let length = u32::from_be_bytes(self.take().unwrap());
        let mut bytes = vec![0; length as usize];
        self.0.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Reads the head of an answer, and the whole of an exception. The rest of a reply stays unread.
    pub(crate) fn answer(&mut self) -> Answer {
        let Some([0x80, 1, 0, kind]) = self.take() else { return Answer::Closed };
        let method = self.take_text();
        let _sequence: [u8; 4] = self.take().unwrap();
        if kind == REPLY {
            return Answer::Reply(method);
        }
        assert_eq!(kind, EXCEPTION);
        let (mut words, mut code) = (String::new(), -1);
        loop {
            let [kind] = self.take().unwrap();
            if kind == 0 {
                return Answer::Exception(method, code, words);
            }
            let id = i16::from_be_bytes(self.take().unwrap());
            match id {
                1 => words = self.take_text(),
                _ => code = i32::from_be_bytes(self.take().unwrap()),
            }
        }
    }

    /// The answer to [`ping`], the end of a reply included.
    pub(crate) fn answer_whole(&mut self) -> Answer {
        let answer = self.answer();
        if matches!(answer, Answer::Reply(_)) {
            assert_eq!(self.take(), Some([0]));
        }
        answer
    }

    /// Whether an honest call on this very connection is answered.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.send(&ping());
        let alive = self.answer() == Answer::Reply("ping".to_owned());
        alive && self.take() == Some([0])
    }

    /// Waits until the other side hangs up; nothing must come before.
    pub(crate) fn wait_for_close(&mut self) {
        assert_eq!(self.answer(), Answer::Closed);
    }
}
