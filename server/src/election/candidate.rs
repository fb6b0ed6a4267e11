//! One server's way to the lead and out of it: asks the electorate step by step, and knows until when it may believe
//! that it leads.

use super::Me;
use std::time::{Duration, Instant};

/// A lead that is not renewed ends so long after it was renewed last.
pub(super) const LEASE: Duration = Duration::from_secs(3);
/// So much earlier the leader itself stops to believe in it: its clock began before the electorate's did, and its jobs
/// are to rest before others begin them.
const MARGIN: Duration = Duration::from_secs(1);

/// Nobody of the electorate answered; a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoAnswer(pub(super) String);

/// Names a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease(pub(super) String);

/// How a vote ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vote {
    Won {
        /// Higher than those of all leaders before.
        term: u64,
        /// Name of the leader before.
        before: Option<String>,
    },
    Lost,
}

/// Who decides.
pub(super) trait Electorate {
    /// A lease that ends [`LEASE`] after it was opened or renewed last.
    fn open(&self) -> Result<Lease, NoAnswer>;
    /// Renews a lease; false if it has ended.
    fn renew(&self, lease: &Lease) -> Result<bool, NoAnswer>;
    /// Ends a lease, as far as anybody listens.
    fn close(&self, lease: &Lease);
    /// Makes `me` the leader for as long as the lease lasts, if there is none.
    fn vote(&self, lease: &Lease, me: &Me) -> Result<Vote, NoAnswer>;
    /// The address of who leads.
    fn leader(&self) -> Result<Option<String>, NoAnswer>;
}

/// What one step brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It leads from now on.
    Won { term: u64, before: Option<String>, until: Instant },
    /// It still leads.
    Leads { term: u64, until: Instant },
    /// It leads no more; a sentence why.
    Ended(String),
    /// It follows that one, if anybody leads.
    Follows(Option<String>),
    /// Nobody of the electorate answers.
    Unknown(NoAnswer),
}

/// One server that would lead.
#[derive(Debug)]
pub(super) struct Candidate<E> {
    electorate: E,
    me: Me,
    lead: Option<Lead>,
}

#[derive(Debug)]
struct Lead {
    lease: Lease,
    term: u64,
    until: Instant,
}

impl<E: Electorate> Candidate<E> {
    pub(super) fn new(electorate: E, me: Me) -> Candidate<E> {
        Candidate { electorate, me, lead: None }
    }

    /// Asks once. `now` tells the time, before and after questions.
    pub(super) fn step(&mut self, now: impl Fn() -> Instant) -> Step {
        match self.lead.take() {
            Some(lead) => self.stay(lead, now),
            None => self.run(now).unwrap_or_else(Step::Unknown),
        }
    }

    fn stay(&mut self, mut lead: Lead, now: impl Fn() -> Instant) -> Step {
        let asked = now();
        match self.electorate.renew(&lead.lease) {
            Ok(true) => lead.until = asked + LEASE - MARGIN,
            Ok(false) => return Step::Ended("its lease has ended".to_owned()),
            Err(why) if now() >= lead.until => {
                return Step::Ended(format!("its lease could not be renewed in time: {why}"));
            }
            Err(_) => {}
        }
        let Lead { term, until, .. } = lead;
        self.lead = Some(lead);
        Step::Leads { term, until }
    }

    fn run(&mut self, now: impl Fn() -> Instant) -> Result<Step, NoAnswer> {
        if let Some(leader) = self.electorate.leader()? {
            return Ok(Step::Follows(Some(leader)));
        }
        let until = now() + LEASE - MARGIN;
        let lease = self.electorate.open()?;
        let vote = self.electorate.vote(&lease, &self.me).inspect_err(|_| self.electorate.close(&lease))?;
        Ok(match vote {
            Vote::Won { term, before } => {
                self.lead = Some(Lead { lease, term, until });
                Step::Won { term, before, until }
            }
            Vote::Lost => {
                self.electorate.close(&lease);
                Step::Follows(None)
            }
        })
    }

    /// Gives the lead up, so that another one has it at once.
    pub(super) fn resign(&mut self) {
        if let Some(lead) = self.lead.take() {
            self.electorate.close(&lead.lease);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// An electorate of one that can be mute; leases end when the test says so.
    #[derive(Clone, Debug, Default)]
    struct Hall(Rc<RefCell<State>>);

    #[derive(Debug, Default)]
    struct State {
        mute: bool,
        revision: u64,
        leases: Vec<String>,
        leader: Option<(String, String)>,
        last: Option<String>,
    }

    impl Hall {
        fn state(&self) -> Result<std::cell::RefMut<'_, State>, NoAnswer> {
            let state = self.0.borrow_mut();
            if state.mute { Err(NoAnswer("nobody answers".to_owned())) } else { Ok(state) }
        }

        fn expire(&self) {
            let mut state = self.0.borrow_mut();
            (state.leader, state.leases) = (None, Vec::new());
        }
    }

    impl Electorate for Hall {
        fn open(&self) -> Result<Lease, NoAnswer> {
            let mut state = self.state()?;
            state.revision += 1;
            let lease = state.revision.to_string();
            state.leases.push(lease.clone());
            Ok(Lease(lease))
        }

        fn renew(&self, lease: &Lease) -> Result<bool, NoAnswer> {
            Ok(self.state()?.leases.contains(&lease.0))
        }

        fn close(&self, lease: &Lease) {
            if let Ok(mut state) = self.state() {
                state.leases.retain(|other| *other != lease.0);
                state.leader.take_if(|(of, _)| *of == lease.0);
            }
        }

        fn vote(&self, lease: &Lease, me: &Me) -> Result<Vote, NoAnswer> {
            let mut state = self.state()?;
            if state.leader.is_some() {
                return Ok(Vote::Lost);
            }
            state.revision += 1;
            state.leader = Some((lease.0.clone(), me.address.clone()));
            let before = state.last.replace(me.name.clone());
            Ok(Vote::Won { term: state.revision, before })
        }

        fn leader(&self) -> Result<Option<String>, NoAnswer> {
            Ok(self.state()?.leader.as_ref().map(|(_, address)| address.clone()))
        }
    }

    fn candidate(hall: &Hall, name: &str) -> Candidate<Hall> {
        Candidate::new(hall.clone(), Me { name: name.to_owned(), address: format!("{name}:5000") })
    }

    #[test]
    fn one_leads_and_the_next_one_under_a_higher_term() {
        let (hall, begun) = (Hall::default(), Instant::now());
        let (mut one, mut other) = (candidate(&hall, "one"), candidate(&hall, "other"));
        let until = begun + LEASE - MARGIN;
        assert_eq!(one.step(|| begun), Step::Won { term: 2, before: None, until });
        assert_eq!(other.step(|| begun), Step::Follows(Some("one:5000".to_owned())));
        let later = begun + Duration::from_millis(500);
        assert_eq!(one.step(|| later), Step::Leads { term: 2, until: later + LEASE - MARGIN });
        hall.expire();
        assert!(
            matches!(other.step(|| later), Step::Won { term, before: Some(before), .. } if term > 2 && before == "one")
        );
        assert_eq!(one.step(|| later), Step::Ended("its lease has ended".to_owned()));
        assert_eq!(one.step(|| later), Step::Follows(Some("other:5000".to_owned())));
    }

    #[test]
    fn a_leader_whose_electorate_is_mute_gives_up_before_its_lease_has_ended() {
        let (hall, begun) = (Hall::default(), Instant::now());
        let mut one = candidate(&hall, "one");
        one.step(|| begun);
        hall.0.borrow_mut().mute = true;
        let at = |ms| begun + Duration::from_millis(ms);
        assert_eq!(one.step(|| at(1_999)), Step::Leads { term: 2, until: at(2_000) }, "unconfirmed");
        assert!(matches!(one.step(|| at(2_000)), Step::Ended(why) if why.contains("nobody answers")));
        assert!(matches!(one.step(|| at(2_500)), Step::Unknown(_)));
        hall.0.borrow_mut().mute = false;
        hall.expire();
        assert!(
            matches!(one.step(|| at(9_000)), Step::Won { term, before: Some(before), .. } if term > 2 && before == "one")
        );
    }

    #[test]
    fn who_resigns_is_followed_at_once() {
        let (hall, begun) = (Hall::default(), Instant::now());
        let (mut one, mut other) = (candidate(&hall, "one"), candidate(&hall, "other"));
        one.step(|| begun);
        one.resign();
        assert!(matches!(other.step(|| begun), Step::Won { .. }));
        assert!(hall.0.borrow().leases.len() == 1, "no lease is left behind");
    }
}
