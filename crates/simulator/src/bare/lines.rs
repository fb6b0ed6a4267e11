//! Who waits at each server, first come first served: arrival times in linked lists that share one pool.

/// No place of the pool.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Lines {
    /// By server: tasks there, the one in service included. Apart from the rest: every arrival reads some of them.
    lengths: Vec<u32>,
    /// By server: places of its first and last task.
    ends: Vec<(u32, u32)>,
    /// Arrival time of a task and the place of the one behind it, or of the next free place.
    pool: Vec<(u64, u32)>,
    free: u32,
}

impl Lines {
    pub(super) fn new(servers: u32) -> Lines {
        let servers = servers as usize;
        Lines { lengths: vec![0; servers], ends: vec![(NONE, NONE); servers], pool: Vec::new(), free: NONE }
    }

    pub(super) fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// A task joins; answers whether the server was idle.
    #[inline]
    pub(super) fn join(&mut self, server: u32, now: u64) -> bool {
        let place = self.free;
        let place = if place == NONE {
            self.pool.push((now, NONE));
            (self.pool.len() - 1) as u32
        } else {
            let entry = &mut self.pool[place as usize];
            self.free = entry.1;
            *entry = (now, NONE);
            place
        };
        let length = &mut self.lengths[server as usize];
        let ends = &mut self.ends[server as usize];
        *length += 1;
        if *length == 1 {
            *ends = (place, place);
            return true;
        }
        self.pool[ends.1 as usize].1 = place;
        ends.1 = place;
        false
    }

    /// The first task leaves; answers when it had come, and whether others wait.
    #[inline]
    pub(super) fn leave(&mut self, server: u32) -> (u64, bool) {
        let ends = &mut self.ends[server as usize];
        let place = ends.0;
        let (arrived, behind) = self.pool[place as usize];
        self.pool[place as usize].1 = self.free;
        self.free = place;
        ends.0 = behind;
        let length = &mut self.lengths[server as usize];
        *length -= 1;
        (arrived, *length > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_come_first_served_in_a_pool_that_does_not_grow() {
        let mut lines = Lines::new(2);
        assert!(lines.join(0, 1));
        assert!(!lines.join(0, 2));
        assert!(lines.join(1, 3));
        assert_eq!(lines.leave(0), (1, true));
        assert!(!lines.join(0, 4));
        assert_eq!((lines.pool.len(), lines.lengths()), (3, &[2, 1][..]));
        assert_eq!([lines.leave(0), lines.leave(0), lines.leave(1)], [(2, true), (4, false), (3, false)]);
        assert!(lines.join(0, 5));
        assert_eq!(lines.leave(0), (5, false));
    }
}
