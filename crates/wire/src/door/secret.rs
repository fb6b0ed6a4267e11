//! A secret that the programs of one cluster share, kept in a file that only its owner may read.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Bytes of a proof, which is an HMAC-SHA256.
pub(crate) const PROOF_BYTES: usize = 32;

/// A shorter secret could be guessed from a recorded connection.
const LEAST_BYTES: usize = 16;
/// A longer file is not one that was made for this.
const MOST_BYTES: u64 = 4_096;

/// The secret of a cluster. It is never printed and never sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    bytes: Vec<u8>,
}

/// Why a file holds no usable secret.
#[derive(Debug, thiserror::Error)]
pub enum BadSecret {
    /// It cannot be read.
    #[error(
        "cannot read the secret {path:?} ({cause}): make one with `head -c 32 /dev/urandom | base64 > {}` and \
         `chmod 600 {}`, and give every machine the same",
        path.display(),
        path.display()
    )]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// Others on this machine may read it.
    #[error("others may read the secret {path:?} (mode {mode:o}): chmod 600 {}", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It has too few or too many bytes.
    #[error(
        "the secret {path:?} has {bytes} bytes, and it takes {LEAST_BYTES} to {MOST_BYTES}: make one with `head -c 32 \
         /dev/urandom | base64`"
    )]
    Length {
        /// Which file.
        path: PathBuf,
        /// Bytes without the white space around them.
        bytes: usize,
    },
}

impl Secret {
    /// Reads a secret from a file. White space around it does not count, so that an editor's newline harms nobody.
    ///
    /// # Errors
    /// If the file cannot be read, others than its owner may read it, or it holds too few or too many bytes.
    pub fn load(path: &Path) -> Result<Secret, BadSecret> {
        let unreadable = |cause| BadSecret::Unreadable { path: path.to_owned(), cause };
        let file = File::open(path).map_err(unreadable)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(BadSecret::Exposed { path: path.to_owned(), mode });
            }
        }
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let length = bytes.trim_ascii().len();
        Secret::new(&bytes).ok_or_else(|| BadSecret::Length { path: path.to_owned(), bytes: length })
    }

    /// A secret of these bytes without the white space around them; none if they are too few or too many.
    pub fn new(bytes: &[u8]) -> Option<Secret> {
        let bytes = bytes.trim_ascii();
        let fits = bytes.len() >= LEAST_BYTES && bytes.len() as u64 <= MOST_BYTES;
        fits.then(|| Secret { bytes: bytes.to_vec() })
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length: a longer one is hashed")]
    fn mac(&self, role: &[u8], nonces: [&[u8]; 2]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes).expect("a key of any length");
        mac.update(role);
        nonces.iter().for_each(|nonce| mac.update(nonce));
        mac
    }

    /// What only who knows the secret can say as `role` in the conversation that the two nonces name.
    pub(crate) fn prove(&self, role: &[u8], nonces: [&[u8]; 2]) -> [u8; PROOF_BYTES] {
        self.mac(role, nonces).finalize().into_bytes().into()
    }

    /// Whether the proof is right, in a time that does not tell how much of it is.
    pub(crate) fn verify(&self, role: &[u8], nonces: [&[u8]; 2], proof: &[u8]) -> bool {
        self.mac(role, nonces).verify_slice(proof).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn file(bytes: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_secret_is_the_same_with_and_without_a_newline() {
        let (_one, with) = file(b"0123456789abcdef\n", 0o600);
        let (_other, without) = file(b"0123456789abcdef", 0o400);
        assert_eq!(Secret::load(&with).unwrap(), Secret::load(&without).unwrap());
        assert_eq!(format!("{:?}", Secret::load(&with).unwrap()), "Secret(…)", "never printed");
    }

    #[test]
    fn bad_secrets_are_told_with_a_remedy() {
        let told = |path: &Path| Secret::load(path).unwrap_err().to_string();
        assert!(told(Path::new("/nowhere/secret")).contains("head -c 32 /dev/urandom"));
        let (_folder, exposed) = file(b"0123456789abcdef", 0o640);
        assert!(told(&exposed).contains("others may read") && told(&exposed).contains("chmod 600"));
        let (_folder, short) = file(b"0123456789abcde \n", 0o600);
        assert!(told(&short).contains("has 15 bytes"), "{}", told(&short));
        let (_folder, long) = file(&[b'x'; 4_097], 0o600);
        assert!(told(&long).contains("has 4097 bytes"));
    }

    #[test]
    fn a_proof_holds_for_its_role_and_its_conversation_only() {
        let secret = Secret::new(&[7; 16]).unwrap();
        let proof = secret.prove(b"client", [b"a", b"b"]);
        assert!(secret.verify(b"client", [b"a", b"b"], &proof));
        assert!(!secret.verify(b"server", [b"a", b"b"], &proof));
        assert!(!secret.verify(b"client", [b"a", b"c"], &proof));
        assert!(!secret.verify(b"client", [b"a", b"b"], &proof[..31]));
        assert!(!Secret::new(&[8; 16]).unwrap().verify(b"client", [b"a", b"b"], &proof));
    }
}
