//! The console: the cluster in a browser, for people to watch and to work with, and for machines to scrape.
//!
//! It decides nothing. It asks servers by their public Thrift calls, as any client could, reads run folders through
//! `records`, compares them through `evidence`, and keeps a history of jobs and events in SQLite.
//!
//! Reading order: [`settings`] (what it is started with), `cluster` (what was seen of servers and nodes, and what has
//! changed since), `watch` (asks the servers twice a second), `store` (files inside the data roots and nothing else), `clear` (uploads that nobody used),
//! [`history`] (the database), `http` (who may ask, and what is answered), `run` (threads around it). The page itself is
//! in `web/`, embedded in the program.

mod clear;
mod cluster;
pub mod history;
mod http;
mod run;
pub mod settings;
mod store;
mod watch;

pub use run::{Console, StartError};
pub use settings::{Settings, Target};
