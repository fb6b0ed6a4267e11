//! The Thrift interface and the code generated from it. Nothing here is written by hand but this page.
//!
//! `ballast.thrift` is the interface; `compat/` holds the original system's two services, which it extends.
//! `generate.sh` makes the modules below and bounds what their readers preallocate; `generate.sh --check` compares.
//! Only the `wire` crate uses them.
//!
//! The modules stand at the root because the compiler writes `use crate::client_server` into `ballast`.

#[allow(clippy::all, missing_docs, missing_debug_implementations, unreachable_pub)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
#[rustfmt::skip]
pub mod ballast;
#[allow(clippy::all, missing_docs, missing_debug_implementations, unreachable_pub)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
#[rustfmt::skip]
pub mod client_server;
#[allow(clippy::all, missing_docs, missing_debug_implementations, unreachable_pub)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
#[rustfmt::skip]
pub mod server_compute;
