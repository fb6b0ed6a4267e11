//! A bounded pool of connections to one peer, the last one used first.
//!
//! A connection carries one call at a time, because stock Thrift servers answer a connection's calls in order; so the
//! pool's bound is the bound on calls in flight. The lock is held for bookkeeping only, never while bytes travel.

use super::connection::{Connection, NotOpen};
use super::error::CallError;
use super::settings::PoolSettings;
use crate::convert::Unfit;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Connections to one peer.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) address: String,
    pub(super) settings: PoolSettings,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The longest idle first.
    idle: VecDeque<Connection>,
    leased: usize,
}

/// A connection taken from the pool. It goes back only if the call that it carried went well.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    permit: Permit<'a>,
    pub(super) connection: Connection,
}

/// A place in the pool.
#[derive(Debug)]
struct Permit<'a>(&'a Pool);

impl Pool {
    pub(super) fn new(address: String, settings: PoolSettings) -> Pool {
        Pool { address, settings, state: Mutex::default(), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No change to the state can be interrupted half-way by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection, makes one if none is idle, and waits at most `longest` if the bound is reached.
    pub(super) fn lease(&self, longest: Duration) -> Result<Lease<'_>, CallError> {
        let mut state = self.lock();
        if state.leased >= self.settings.connections {
            let bound = self.settings.connections;
            (state, _) = self
                .freed
                .wait_timeout_while(state, longest, |state| state.leased >= bound)
                .unwrap_or_else(PoisonError::into_inner);
            if state.leased >= bound {
                return Err(CallError::Busy {
                    address: self.address.clone(),
                    connections: bound,
                    waited: longest,
                });
            }
        }
        state.leased += 1;
        let idle = state.idle.pop_back();
        drop(state);
        let permit = Permit(self);
        if let Some(connection) = idle {
            if connection.idle_since.elapsed() < self.settings.idle_age {
                return Ok(Lease { permit, connection });
            }
            // The others have been idle for longer still.
            self.close_expired();
        }
        let opened = Connection::open(&self.address, &self.settings);
        Ok(Lease { permit, connection: opened.map_err(|why| self.not_open(why))? })
    }

    pub(super) fn not_open(&self, why: NotOpen) -> CallError {
        let address = self.address.clone();
        match why {
            NotOpen::Unreachable(error) => CallError::Unreachable { address, why: error.to_string() },
            NotOpen::NotAdmitted(why) => CallError::NotAdmitted { address, why },
        }
    }

    pub(super) fn unfit(&self, unfit: Unfit) -> CallError {
        CallError::Unfit { address: self.address.clone(), field: unfit.field, why: unfit.why }
    }

    /// An exception that the called method does not declare; the generated code lets none through.
    pub(super) fn unknown_exception(&self) -> CallError {
        CallError::Garbled { address: self.address.clone(), why: "an exception of another method".to_owned() }
    }

    /// Closes connections that have been idle for longer than they may.
    pub(super) fn close_expired(&self) {
        let now = Instant::now();
        let mut expired = Vec::new();
        let mut state = self.lock();
        let too_old =
            |held: &Connection| now.saturating_duration_since(held.idle_since) >= self.settings.idle_age;
        while state.idle.front().is_some_and(too_old) {
            expired.extend(state.idle.pop_front());
        }
        // Closing is a system call each, so not under the lock.
        drop(state);
    }

    /// Connections that wait for a call, and connections that carry one.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.idle.len(), state.leased)
    }
}

impl Lease<'_> {
    /// Puts the connection back for the next call.
    pub(super) fn keep(mut self) {
        self.connection.idle_since = Instant::now();
        let Lease { permit, connection } = self;
        // The permit follows at the end of this scope, so whoever waits for one finds the connection.
        permit.0.lock().idle.push_back(connection);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.lock().leased -= 1;
        self.0.freed.notify_one();
    }
}
