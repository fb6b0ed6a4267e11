//! How many images and bytes each upload has: read from the disk once, so that the ten-thousandth image of an upload
//! costs no more than the first.

use super::{Store, StoreError, Upload};
use crate::settings::UploadLimits;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Uploads that are remembered; when there are more, all are read again.
const MOST_UPLOADS: usize = 1_000;

/// What is in an upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

/// The weights of uploads, by their names.
#[derive(Debug, Default)]
pub(super) struct Weights(Mutex<BTreeMap<String, Weight>>);

impl Weights {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Weight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }
}

impl Store {
    /// What is in the upload; what is on its way is not.
    pub(crate) fn weight(&self, upload: &Upload) -> Result<Weight, StoreError> {
        let mut weights = self.weights.lock();
        if let Some(known) = weights.get(&upload.id) {
            return Ok(*known);
        }
        if weights.len() >= MOST_UPLOADS {
            weights.clear();
        }
        let found = upload.weigh()?;
        weights.insert(upload.id.clone(), found);
        Ok(found)
    }

    /// Counts an image in, unless the upload would be too large with it; answers whether there was room.
    pub(crate) fn count_in(
        &self,
        upload: &Upload,
        bytes: u64,
        limits: &UploadLimits,
    ) -> Result<bool, StoreError> {
        self.weight(upload)?;
        let mut weights = self.weights.lock();
        let weight = weights.entry(upload.id.clone()).or_default();
        let fits = weight.files < limits.files && weight.bytes.saturating_add(bytes) <= limits.total_bytes;
        if fits {
            weight.files += 1;
            weight.bytes += bytes;
        }
        Ok(fits)
    }

    /// Counts an image out that was not kept after all.
    pub(crate) fn count_out(&self, upload: &Upload, bytes: u64) {
        if let Some(weight) = self.weights.lock().get_mut(&upload.id) {
            weight.files = weight.files.saturating_sub(1);
            weight.bytes = weight.bytes.saturating_sub(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_read_once_and_counted_from_then_on() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        let upload = store.new_upload().unwrap();
        let input = upload.path.join("input_dir");
        std::fs::write(input.join("a.png"), "12345").unwrap();
        std::fs::write(input.join(".on-its-way"), "123").unwrap();
        assert_eq!(store.weight(&upload).unwrap(), Weight { files: 1, bytes: 5 });
        std::fs::write(input.join("unseen.png"), "1").unwrap();
        let limits = UploadLimits { files: 3, total_bytes: 10, ..UploadLimits::default() };
        assert!(!store.count_in(&upload, 6, &limits).unwrap(), "too many bytes");
        assert!(store.count_in(&upload, 5, &limits).unwrap());
        assert_eq!(store.weight(&upload).unwrap(), Weight { files: 2, bytes: 10 });
        store.count_out(&upload, 5);
        assert!(store.count_in(&upload, 1, &limits).unwrap() && store.count_in(&upload, 1, &limits).unwrap());
        assert!(!store.count_in(&upload, 1, &limits).unwrap(), "too many files");
        // After a start it is read again, and one that was removed is forgotten.
        let again = Store::open(root.path()).unwrap();
        assert_eq!(again.weight(&upload).unwrap(), Weight { files: 2, bytes: 6 });
        store.remove_upload(&upload.id).unwrap();
        assert!(store.weights.lock().is_empty());
    }
}
