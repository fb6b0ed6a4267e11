//! One child process: started, heard, and always reaped.

use super::{plan, tether};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to get ready; loading it from a cold disk takes well under a second.
const LONGEST_START: Duration = Duration::from_secs(30);

/// How long a program may take to finish what it has before it is killed.
const LONGEST_END: Duration = Duration::from_secs(15);

/// Lines of a program's log that are kept to tell why it failed.
const LAST_WORDS: usize = 20;

/// Why a process did not get ready.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The operating system refused.
    #[error("cannot start '{name}': {source}")]
    Spawn {
        /// Which process.
        name: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("'{name}' ended before it was ready ({status}){last_words}")]
    Ended {
        /// Which process.
        name: String,
        /// How it ended.
        status: String,
        /// The end of its log.
        last_words: String,
    },
    /// It did not say that it is ready.
    #[error("'{name}' was not ready within {LONGEST_START:?}{last_words}")]
    TooSlow {
        /// Which process.
        name: String,
        /// The end of its log.
        last_words: String,
    },
}

/// The end of a process's log, filled by the thread that reads its standard error.
#[derive(Clone, Debug, Default)]
struct LastWords(Arc<Mutex<VecDeque<String>>>);

impl LastWords {
    fn hear(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LAST_WORDS {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Lines for the end of a message; nothing if nothing was said.
    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| format!("\n  {line}")).collect()
    }
}

/// What a process said on its standard output.
#[derive(Debug)]
enum Said {
    /// It is ready and listens there.
    Ready(SocketAddr),
    /// It closed its standard output, which it does by ending.
    End,
}

/// A process that is not ready yet.
#[derive(Debug)]
pub struct Starting {
    name: String,
    child: Child,
    tether: Option<ChildStdin>,
    said: Receiver<Said>,
    last_words: LastWords,
}

/// A process that listens. Dropping it stops it and waits for its end.
#[derive(Debug)]
pub struct Process {
    starting: Starting,
    address: SocketAddr,
}

impl Process {
    /// Starts `executable verb arguments…`, tied to this process.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn spawn(
        executable: &Path,
        verb: &str,
        name: &str,
        arguments: Vec<OsString>,
    ) -> Result<Starting, ProcessError> {
        let mut command = Command::new(executable);
        command.arg(verb).args(arguments);
        // Settings that the user exported for the lab are not meant for every program that it starts.
        for (variable, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
            command.env_remove(variable);
        }
        tether::tie(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C at the terminal is for the lab alone, which then stops its processes in order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let spawn_error = |source| ProcessError::Spawn { name: name.to_owned(), source };
        let mut child = command.spawn().map_err(spawn_error)?;
        let last_words = LastWords::default();
        let (sender, said) = channel();
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || listen(output, &sender));
        }
        if let Some(log) = child.stderr.take() {
            let last_words = last_words.clone();
            thread::spawn(move || {
                BufReader::new(log).lines().map_while(Result::ok).for_each(|line| last_words.hear(line))
            });
        }
        Ok(Starting { name: name.to_owned(), tether: child.stdin.take(), child, said, last_words })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.starting.name
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.starting.child.id()
    }

    /// The end of its log, a line each, indented; empty if it said nothing.
    pub fn last_words(&self) -> String {
        self.starting.last_words.text()
    }

    /// Whether it ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.starting.child.try_wait(), Ok(None))
    }

    /// Kills it at once, as a crash would.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn kill(&mut self) -> io::Result<()> {
        self.starting.child.kill()
    }
}

fn is_ours(variable: &std::ffi::OsStr) -> bool {
    variable.to_string_lossy().starts_with("BALLAST_")
}

/// Reads standard output to its end, so that the process never waits for a full pipe.
fn listen(output: impl Read, said: &Sender<Said>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if let Some(address) = plan::ready_address(&line) {
            // Nobody listens any more if the process was given up.
            let _ = said.send(Said::Ready(address));
        }
    }
    let _ = said.send(Said::End);
}

impl Starting {
    /// Waits until the process says where it listens.
    ///
    /// # Errors
    /// If it ends before or takes too long; it is stopped then.
    pub fn ready(mut self) -> Result<Process, ProcessError> {
        match self.said.recv_timeout(LONGEST_START) {
            Ok(Said::Ready(address)) => Ok(Process { starting: self, address }),
            Ok(Said::End) | Err(RecvTimeoutError::Disconnected) => {
                let status = self.end();
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(ProcessError::Ended {
                    name: self.name.clone(),
                    status,
                    last_words: self.last_words.text(),
                })
            }
            Err(RecvTimeoutError::Timeout) => {
                Err(ProcessError::TooSlow { name: self.name.clone(), last_words: self.last_words.text() })
            }
        }
    }

    /// Lets the process go, waits for its end, kills it if it takes too long, and reaps it.
    fn end(&mut self) -> io::Result<ExitStatus> {
        drop(self.tether.take());
        let deadline = Instant::now() + LONGEST_END;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(Said::Ready(_)) => {}
                Ok(Said::End) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.child.kill()?;
                    break;
                }
            }
        }
        self.child.wait()
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        // Whatever the operating system answers, there is nothing left to do for the process.
        let _ = self.end();
    }
}
