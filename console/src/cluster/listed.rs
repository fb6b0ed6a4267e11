//! The jobs of one server, as it lists them: when to ask again, and what to make of a job that is left out.

use super::jobs::Job;
use wire::job::ServerDescription;

/// The jobs of one server.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Its incarnation, and how many jobs ran and had ended: while these stay and nothing runs, so does the list.
    of: (u64, u64, u64),
    pub(crate) jobs: Vec<Job>,
    /// Times that it is asked for again all the same: a server leaves jobs out that have just begun or ended.
    unsure: u32,
}

/// Looks until a server that was started anew has listed all jobs that it goes on with.
const UNSURE_AT_START: u32 = 10;
/// Looks until a job that has just ended is listed.
const UNSURE_AT_CHANGE: u32 = 10;

impl Listed {
    /// Whether asking again would bring the same.
    pub(crate) fn stands(&self, told: &ServerDescription) -> bool {
        let settled = self.unsure == 0 && !self.jobs.iter().any(Job::is_running);
        settled && told.jobs_running == 0 && self.of == as_told(told)
    }

    /// Whether a job that is not listed is none of this server's.
    pub(crate) fn is_sure(&self) -> bool {
        self.unsure == 0
    }

    /// Whether a job ran before that the server surely has no more: it has forgotten it, or another one goes on with it.
    pub(crate) fn has_let_go_since(&self, before: Option<&Listed>) -> bool {
        let ran = before.into_iter().flat_map(|before| before.jobs.iter().filter(|job| job.is_running()));
        self.is_sure() && ran.into_iter().any(|old| !self.jobs.iter().any(|job| job.key == old.key))
    }

    pub(crate) fn incarnation(&self) -> u64 {
        self.of.0
    }

    /// The list after `before`. A job that ran and is not listed has probably just ended: it stays as it was for a while.
    pub(crate) fn next(told: &ServerDescription, jobs: Vec<Job>, before: Option<&Listed>) -> Listed {
        Listed::after(as_told(told), jobs, before)
    }

    fn after(of: (u64, u64, u64), mut jobs: Vec<Job>, before: Option<&Listed>) -> Listed {
        let same = before.filter(|before| before.of.0 == of.0);
        let unsure = match same {
            None => UNSURE_AT_START,
            Some(before) if before.of != of => before.unsure.max(UNSURE_AT_CHANGE),
            Some(before) => before.unsure.saturating_sub(1),
        };
        if unsure > 0 {
            let running =
                same.into_iter().flat_map(|before| before.jobs.iter().filter(|job| job.is_running()));
            let left_out = running.filter(|old| !jobs.iter().any(|job| job.key == old.key)).cloned();
            jobs.extend(left_out.collect::<Vec<_>>());
        }
        Listed { of, jobs, unsure }
    }
}

fn as_told(told: &ServerDescription) -> (u64, u64, u64) {
    (told.incarnation, told.jobs_running, told.jobs_ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::strategies::tests::job;

    #[test]
    fn a_job_that_is_left_out_when_it_ends_is_asked_for_again() {
        let told = |listed: &Listed, jobs_running, jobs_ended, jobs: &[Job]| {
            Listed::after((1, jobs_running, jobs_ended), jobs.to_vec(), Some(listed))
        };
        let running = Listed { of: (1, 1, 0), jobs: vec![job("a", "random", "running")], unsure: 0 };
        // It has ended, and the server does not list it yet.
        let left_out = told(&running, 0, 1, &[]);
        assert_eq!(left_out.jobs, running.jobs);
        let listed = told(&left_out, 0, 1, &[job("a", "random", "done")]);
        assert_eq!((listed.jobs.len(), listed.jobs[0].state.as_str()), (1, "done"));
        // What stays away was let go.
        let mut away = left_out;
        let mut let_go = false;
        while away.unsure > 0 {
            assert!(!let_go, "nobody is sure of it yet");
            let next = told(&away, 0, 1, &[]);
            let_go = next.has_let_go_since(Some(&away));
            away = next;
        }
        assert!(away.jobs.is_empty() && let_go);
        assert!(!told(&away, 0, 1, &[]).has_let_go_since(Some(&away)), "it is said once");
        // Of another process nothing is carried over.
        assert!(Listed::after((2, 0, 0), Vec::new(), Some(&running)).jobs.is_empty());
    }

    #[test]
    fn a_list_is_sure_some_looks_after_a_start_and_after_a_change() {
        let mut listed = Listed::after((1, 0, 0), Vec::new(), None);
        let mut looks = 0;
        while listed.unsure > 0 {
            listed = Listed::after((1, 0, 0), Vec::new(), Some(&listed));
            looks += 1;
        }
        assert_eq!(looks, UNSURE_AT_START);
        assert_eq!(Listed::after((1, 0, 1), Vec::new(), Some(&listed)).unsure, UNSURE_AT_CHANGE);
        assert_eq!(Listed::after((2, 0, 0), Vec::new(), Some(&listed)).unsure, UNSURE_AT_START);
    }
}
