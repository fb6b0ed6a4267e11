//! Messages that are kept and read again by a later process, as the bytes that they have on the wire.
//!
//! The interface's rules hold for them too: what an older version has kept, a newer one reads.

use crate::convert::Unfit;
use crate::job::{JobReceipt, JobReport, JobRequest};
use crate::message::checked::Checked;
use idl::ballast as interface;
use thrift::TConfiguration;
use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol, TSerializable};

/// Why bytes are no such message.
#[derive(Debug, thiserror::Error)]
pub enum NotStored {
    /// They cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// They say what cannot be.
    #[error("{0}")]
    Unfit(#[from] Unfit),
}

/// A message that can be kept.
pub trait Stored: Sized {
    /// The bytes to keep.
    fn to_bytes(&self) -> Vec<u8>;

    /// The message that was kept.
    ///
    /// # Errors
    /// If these are not its bytes.
    fn from_bytes(bytes: &[u8]) -> Result<Self, NotStored>;
}

fn write(message: &impl TSerializable) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = message.write_to_out_protocol(&mut TBinaryOutputProtocol::new(&mut bytes, true));
    debug_assert!(written.is_ok(), "memory takes every byte");
    bytes
}

fn read<T: TSerializable>(bytes: &[u8]) -> Result<T, NotStored> {
    let protocol = TBinaryInputProtocol::with_config(bytes, true, TConfiguration::default());
    T::read_from_in_protocol(&mut Checked::new(protocol))
        .map_err(|error| NotStored::Unreadable(error.to_string()))
}

macro_rules! stored {
    ($($plain:ident),*) => {$(
        impl Stored for $plain {
            fn to_bytes(&self) -> Vec<u8> {
                write(&interface::$plain::from(self.clone()))
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self, NotStored> {
                Ok(Self::try_from(read::<interface::$plain>(bytes)?)?)
            }
        }
    )*};
}

stored!(JobReceipt, JobReport);

impl Stored for JobRequest {
    fn to_bytes(&self) -> Vec<u8> {
        write(&interface::JobRequest::from(self))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, NotStored> {
        Ok(Self::try_from(read::<interface::JobRequest>(bytes)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{JobSource, Transfer};

    fn request() -> JobRequest {
        JobRequest {
            job_key: "key".to_owned(),
            epoch: 3,
            source: JobSource::Folder {
                path: "/data/größe".to_owned(),
                recursive: true,
                transfer: Transfer::Inline,
                division: crate::division::Division::default(),
            },
            strategy: "random".to_owned(),
            admission: None,
            operation: "edges".to_owned(),
            seed: Some(7),
            max_in_flight: None,
            max_attempts: Some(9),
            label: None,
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_what_is_cut_is_refused() {
        let bytes = request().to_bytes();
        assert_eq!(JobRequest::from_bytes(&bytes).unwrap(), request());
        for cut in 0..bytes.len() {
            assert!(JobRequest::from_bytes(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(JobReport::from_bytes(&bytes).is_err(), "another message's bytes");
    }
}
