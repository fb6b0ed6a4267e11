//! The server: a job becomes tasks, tasks become attempts, attempts become rows.
//!
//! Every decision is the `scheduler` crate's; this crate gives it time, threads and nodes. Reading order: `job` and
//! `folder` (what is to be done), `core` (the scheduler and the books under one lock), `engine` (threads and timers
//! around it), `carry` and `came` (one attempt from request to row, with its
//! `means`), `peer` and `peers` (the nodes), `greet`, `watch` and `members` (whether they live, who comes and goes),
//! `standing` and `events` (what is told of that), `shelf`, `owners` and `publish` (a result becomes visible), `journal` (what survives), `accept`, `adopt` and `resume` (a job is promised, and kept), `arrivals` (tasks
//! over time), `recorder` and `told` (the CSV files), `held_up` (a full disk), `service`, `book` and `epilogue` (what clients are answered), `window` (the console beside
//! it), `standby` (another server's jobs), then `start`, `stop` and `leave` (the process around it).

mod accept;
mod adopt;
mod alarm;
mod args;
mod arrivals;
mod book;
mod came;
mod carry;
mod core;
mod decisions;
mod divided;
mod election;
mod engine;
mod epilogue;
mod events;
mod folder;
mod greet;
mod held_up;
mod image_file;
mod job;
mod journal;
mod leave;
mod ledger;
mod means;
mod members;
mod mix;
mod owners;
mod peer;
mod peers;
mod publish;
mod put_off;
mod recorder;
mod resume;
mod service;
mod shelf;
mod standby;
mod standing;
mod start;
mod stop;
mod told;
mod view;
mod watch;
mod window;
mod words;

pub use start::run;
