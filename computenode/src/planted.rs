//! A panic in the work on an image that a test asks for. Only test builds have it.
//!
//! `BALLAST_TEST_PANIC=NAME`: whoever works on the file of that name panics.

/// Panics if the environment asks for it.
#[cfg(debug_assertions)]
pub(crate) fn panic_in(file_name: &str) {
    assert!(std::env::var("BALLAST_TEST_PANIC").as_deref() != Ok(file_name), "planted");
}

/// Does nothing in a build for use.
#[cfg(not(debug_assertions))]
pub(crate) fn panic_in(_: &str) {}
