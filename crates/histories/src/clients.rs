//! Clients: they ask again and again, and move on to the next server when they hear nothing.

use crate::world::{Client, Event, Heard, SERVERS, World};

/// A client that has heard nothing for so long asks the next server.
const CLIENT_PATIENCE_US: u64 = 3_000_000;
/// How often a client that has lost a server asks the same one under the next epoch.
const CLIENT_STAYS: f64 = 0.3;

impl World {
    pub(crate) fn client_tick(&mut self, job: usize) {
        let now = self.now;
        let client = &mut self.clients[job];
        if client.done {
            return;
        }
        client.begun = true;
        if now > client.heard_at + CLIENT_PATIENCE_US {
            self.move_on(job);
        }
        let Client { server, epoch, .. } = self.clients[job];
        self.send(Event::Submitted { server, job, epoch });
        self.at(now + 400_000, Event::ClientTick { job });
    }

    fn move_on(&mut self, job: usize) {
        // Some know one server only.
        let stays = self.chance.happens(CLIENT_STAYS);
        let client = &mut self.clients[job];
        client.heard_at = self.now;
        client.epoch += 1;
        client.server = (client.server + usize::from(!stays)) % SERVERS;
        self.story.failovers += 1;
    }

    pub(crate) fn told(&mut self, server: usize, job: usize, epoch: u64, heard: Heard) {
        let now = self.now;
        let client = &mut self.clients[job];
        if client.done || client.server != server || client.epoch != epoch {
            return;
        }
        client.heard_at = now;
        match heard {
            Heard::Running | Heard::Later => {}
            Heard::NotHere => self.move_on(job),
            Heard::Done => {
                client.done = true;
                self.check_done(job);
                if job + 1 < self.clients.len() {
                    // The next one works on the same folder.
                    self.clients[job + 1].heard_at = now;
                    self.clients[job + 1].server = self.chance.below(SERVERS);
                    self.at(now, Event::ClientTick { job: job + 1 });
                }
            }
        }
    }
}
