//! What goes wrong: processes end and hang, disks fill up and fail, clocks leap, the power goes.

use crate::world::{Event, SERVERS, World};

impl World {
    pub(crate) fn fault(&mut self) {
        self.story.faults += 1;
        let (server, node) = (self.chance.below(SERVERS), self.chance.below(self.nodes.len()));
        let later = self.now + self.chance.between(10_000, 6_000_000);
        match self.chance.below(9) {
            0 | 1 => self.kill_server(server),
            2 if self.servers[server].up => {
                self.servers[server].hung = true;
                self.at(later, Event::ServerResumes { server });
            }
            3 => {
                self.nodes[node].die();
                self.at(later, Event::NodeUp { node });
            }
            4 => {
                self.nodes[node].hung = true;
                self.at(later, Event::NodeResumes { node });
            }
            5 => self.cut_power(),
            6 => self.servers[server].full_until = later,
            7 => self.servers[server].fails_to_confirm = true,
            _ => self.servers[server].leap_us += self.chance.between(0, 3_600_000_000),
        }
    }

    /// Everybody dies, and the disks show what they had flushed.
    pub(crate) fn cut_power(&mut self) {
        for server in 0..SERVERS {
            self.kill_server(server);
            self.servers[server].medium.cut_power(&mut self.chance);
        }
        for node in 0..self.nodes.len() {
            self.nodes[node].die();
            let at = self.now + self.chance.between(10_000, 3_000_000);
            self.at(at, Event::NodeUp { node });
        }
        self.folder.cut_power(&mut self.chance);
    }
}
