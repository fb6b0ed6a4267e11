//! Which of several servers leads, where etcd decides it: one at a time, each under a higher term than those before.
//!
//! Reading order: [`candidate`] (one server's way to the lead and out of it, without threads or sockets), `etcd` (who
//! is asked), `handover` (jobs of the leader that others go on with), `drive` (the thread).
//!
//! The term is the revision at which etcd made the leader's key, and the epoch of its jobs is never lower. So nodes,
//! which refuse the older epoch, refuse a leader that was only frozen or cut off and does not know of its successor.

mod candidate;
mod drive;
mod etcd;
mod handover;

pub(crate) use drive::{Election, start};

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use wire::job::{ElectionView, JobRequest, SubmitError};

/// When a client that is refused may ask again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Where the servers of one cluster elect their leader.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// `http://host:port` of etcd's members.
    pub(crate) endpoints: Vec<String>,
    /// Tells the election from others in the same etcd.
    pub(crate) election: String,
}

/// This server in the election.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) name: String,
    /// `host:port` where clients and the other servers reach it.
    pub(crate) address: String,
}

/// Whether this server leads, for all of its threads.
#[derive(Debug)]
pub(crate) struct Leadership(Mutex<Standing>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// Somebody else leads, if it is known who.
    Follows(Option<String>),
    /// This server does, until then unless it is confirmed.
    Leads { term: u64, until: Instant },
}

impl Leadership {
    pub(crate) fn new() -> Leadership {
        Leadership(Mutex::new(Standing::Follows(None)))
    }

    fn set(&self, standing: Standing) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    /// Who leads, as far as this server knows.
    pub(crate) fn view(&self) -> ElectionView {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Standing::Leads { term, until } if Instant::now() < until => {
                ElectionView { leader: None, term: Some(term) }
            }
            Standing::Follows(leader) => ElectionView { leader, term: None },
            Standing::Leads { .. } => ElectionView::default(),
        }
    }

    /// A submission as this leader takes it: under its term at least.
    ///
    /// # Errors
    /// If another server leads, or none.
    pub(crate) fn admit(&self, request: JobRequest) -> Result<JobRequest, SubmitError> {
        let standing = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let why = match standing {
            Standing::Leads { term, until } if Instant::now() < until => {
                return Ok(JobRequest { epoch: request.epoch.max(term), ..request });
            }
            Standing::Follows(Some(leader)) => format!("the server at {leader} leads: ask that one"),
            Standing::Leads { .. } | Standing::Follows(None) => {
                "no server leads at this moment: ask again in a few seconds".to_owned()
            }
        };
        // Whoever is said to lead may be gone already: another one leads when its lease has ended.
        Err(SubmitError::NotNow { why, again_after: AGAIN_AFTER })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::job::JobSource;

    fn request(epoch: u64) -> JobRequest {
        JobRequest {
            epoch,
            ..JobRequest::new(
                "key",
                JobSource::Synthetic { tasks: 1, service: Duration::ZERO },
                "random",
                "edges",
            )
        }
    }

    #[test]
    fn only_a_leader_takes_jobs_and_under_its_term() {
        let leadership = Leadership::new();
        let why = |outcome: Result<JobRequest, SubmitError>| match outcome {
            Err(SubmitError::NotNow { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        assert!(why(leadership.admit(request(1))).contains("no server leads"));
        leadership.set(Standing::Follows(Some("10.0.0.1:5000".to_owned())));
        assert!(why(leadership.admit(request(1))).contains("10.0.0.1:5000 leads"));
        let followed = ElectionView { leader: Some("10.0.0.1:5000".to_owned()), term: None };
        assert_eq!(leadership.view(), followed);
        let until = Instant::now() + Duration::from_secs(3_600);
        leadership.set(Standing::Leads { term: 40, until });
        assert_eq!(leadership.admit(request(2)).unwrap().epoch, 40);
        assert_eq!(leadership.admit(request(41)).unwrap().epoch, 41);
        assert_eq!(leadership.view(), ElectionView { leader: None, term: Some(40) });
        leadership.set(Standing::Leads { term: 40, until: Instant::now() });
        assert!(why(leadership.admit(request(1))).contains("no server leads"), "its lease may have ended");
        assert_eq!(leadership.view(), ElectionView::default());
    }
}
