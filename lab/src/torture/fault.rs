//! Which fault befalls whom, when and for how long: a pure function of the seed.

use super::proxy::{Way, Weather};
use luck::{Coin, Purpose, Seed};
use std::fmt;
use std::time::Duration;

/// What a process is in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It works on images.
    Node,
    /// It holds jobs.
    Server,
    /// It hands a job in and follows it.
    Client,
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Role::Node => "node",
            Role::Server => "server",
            Role::Client => "client",
        })
    }
}

/// What happens to a process or to the wire to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// SIGKILL, and a new process after a while.
    Kill,
    /// SIGTERM, and a new process after a while.
    Terminate,
    /// SIGSTOP, and SIGCONT after a while: it hangs and keeps its connections.
    Stop,
    /// Its connections are reset, and new ones too.
    Cut,
    /// Nothing passes, and nobody is told.
    Partition,
    /// Requests do not arrive; answers do.
    LoseRequests,
    /// Answers do not arrive; requests do.
    LoseAnswers,
    /// Everything comes later.
    Delay,
    /// Answers break off in their middle.
    Truncate,
    /// Three packets of ten are dropped, both ways.
    Lose,
    /// It reaches nodes, and neither other servers nor clients.
    Estrange,
}

impl Kind {
    /// Every kind that a wire of bytes can suffer; [`Kind::of_packets`] tells those of a wire of packets.
    pub const ALL: [Kind; 9] = [
        Kind::Kill,
        Kind::Terminate,
        Kind::Stop,
        Kind::Cut,
        Kind::Partition,
        Kind::LoseRequests,
        Kind::LoseAnswers,
        Kind::Delay,
        Kind::Truncate,
    ];

    /// What befalls a client instead: it is killed, more often than it is stopped. Its wires are the servers'.
    pub fn of_a_client(self) -> Kind {
        match self {
            Kind::Stop | Kind::Delay | Kind::Partition => Kind::Stop,
            _ => Kind::Kill,
        }
    }

    /// What befalls `role` instead where the wire carries packets and no bytes.
    pub fn of_packets(self, role: Role) -> Kind {
        match self {
            Kind::Truncate if role == Role::Server => Kind::Estrange,
            Kind::Truncate | Kind::Delay => Kind::Lose,
            other => other,
        }
    }

    /// Whether another process takes the place of the one that it befalls.
    pub fn ends_the_process(self) -> bool {
        matches!(self, Kind::Kill | Kind::Terminate)
    }

    /// Whether it befalls the wire and no process.
    pub fn is_of_the_wire(self) -> bool {
        !matches!(self, Kind::Kill | Kind::Terminate | Kind::Stop)
    }

    /// What a wire of bytes does meanwhile, if it is a fault of it.
    pub fn weather(self) -> Option<Weather> {
        match self {
            Kind::Kill | Kind::Terminate | Kind::Stop | Kind::Lose | Kind::Estrange => None,
            Kind::Cut => Some(Weather::Cut),
            Kind::Partition => Some(Weather::Silent),
            Kind::LoseRequests => Some(Weather::SilentOn(Way::Out)),
            Kind::LoseAnswers => Some(Weather::SilentOn(Way::Back)),
            Kind::Delay => Some(Weather::Late(LATENESS)),
            Kind::Truncate => Some(Weather::Half(Way::Back)),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Kind::Kill => "killed",
            Kind::Terminate => "told to end",
            Kind::Stop => "stopped",
            Kind::Cut => "wire cut",
            Kind::Partition => "partitioned",
            Kind::LoseRequests => "requests lost",
            Kind::LoseAnswers => "answers lost",
            Kind::Delay => "wire slow",
            Kind::Truncate => "answers cut short",
            Kind::Lose => "packets lost",
            Kind::Estrange => "nodes alone reached",
        })
    }
}

/// How late pieces come over a slow wire.
const LATENESS: Duration = Duration::from_millis(30);

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Time since the fault before.
    pub after: Duration,
    /// Whom it befalls, a number below that of the victims.
    pub victim: usize,
    /// What happens.
    pub kind: Kind,
    /// How long it lasts.
    pub lasts: Duration,
}

/// Longest pause between two faults.
const LONGEST_PAUSE: Duration = Duration::from_millis(150);
/// Every fault lasts from the shorter to the longer one, short ones more often.
const LASTS: (Duration, Duration) = (Duration::from_millis(30), Duration::from_millis(900));

/// The fault of this number under `seed`, for so many victims.
pub fn fault(seed: Seed, number: u64, victims: usize) -> Fault {
    let mut coin = seed.coin(Purpose::Fault, number, 0);
    let mut flip = || -> Coin {
        coin = coin.next();
        coin
    };
    // A square makes short ones the rule: most faults heal before anybody's patience ends, some do not.
    let length = flip().uniform().powi(2);
    Fault {
        after: LONGEST_PAUSE.mul_f64(flip().uniform()),
        victim: flip().below(victims),
        kind: Kind::ALL[flip().below(Kind::ALL.len())],
        lasts: LASTS.0 + (LASTS.1 - LASTS.0).mul_f64(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_names_the_faults_and_every_kind_befalls_everybody() {
        let all = |seed| (0..2_000).map(|number| fault(Seed(seed), number, 4)).collect::<Vec<_>>();
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        let pairs: BTreeSet<_> = all(1).iter().map(|fault| (fault.victim, fault.kind)).collect();
        assert_eq!(pairs.len(), 4 * Kind::ALL.len());
        assert!(all(1).iter().all(|fault| fault.lasts >= LASTS.0 && fault.lasts <= LASTS.1));
    }
}
