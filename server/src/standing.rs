//! How each node stands and since when, and what a change of it means to people.

use crate::events::Events;
use records::Text;
use scheduler::health::Health;
use scheduler::{Micros, NodeId, Nodes};
use std::sync::Arc;
use wire::membership::EventKind;

/// How a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) health: Health,
    /// Since when.
    pub(crate) since: Micros,
    /// It is down because it gave no sign of life, not because it cannot be reached.
    pub(crate) is_suspected: bool,
    /// It has been up once.
    was_up: bool,
    /// That it has nothing in flight any more was told.
    is_drained: bool,
}

/// How all nodes stand. It looks at them only when the scheduler says that something has changed.
#[derive(Debug)]
pub(crate) struct Standings {
    all: Vec<Standing>,
    /// Count of changes at the last look.
    seen: u64,
    events: Arc<Events>,
}

impl Standings {
    pub(crate) fn new(nodes: usize, events: Arc<Events>) -> Standings {
        let mut standings = Standings { all: Vec::new(), seen: 0, events };
        (0..nodes).for_each(|_| standings.add_node());
        standings
    }

    pub(crate) fn add_node(&mut self) {
        let health = Health::Left;
        self.all.push(Standing {
            health,
            since: Micros(0),
            is_suspected: false,
            was_up: false,
            is_drained: false,
        });
    }

    pub(crate) fn all(&self) -> &[Standing] {
        &self.all
    }

    /// Takes in what has changed. `is_silence` says that the last thing told was that a node is silent.
    pub(crate) fn look(&mut self, nodes: &Nodes, names: &[Text], now: Micros, is_silence: bool) {
        if nodes.health_changes() != self.seen {
            self.seen = nodes.health_changes();
            for (place, (standing, node)) in self.all.iter_mut().zip(nodes.all()).enumerate() {
                if standing.health != node.health() {
                    standing.change(node.health(), now, is_silence);
                    if let Some((kind, text)) = standing.tell(&names[place]) {
                        if matches!(kind, EventKind::NodeEjected) {
                            // Else the log would tell only that it is up again.
                            log::warn!("{text}");
                        }
                        self.events.note(kind, &names[place], text);
                    }
                }
            }
        }
        let drains = |standing: &Standing| standing.health == Health::Draining && !standing.is_drained;
        for (place, standing) in self.all.iter_mut().enumerate().filter(|(_, standing)| drains(standing)) {
            if nodes.in_flight(NodeId(place as u32)) == 0 {
                standing.is_drained = true;
                let name = &names[place];
                self.events.note(
                    EventKind::NodeDrained,
                    name,
                    format!("{name} has nothing in flight any more"),
                );
            }
        }
    }
}

impl Standing {
    fn change(&mut self, health: Health, now: Micros, is_silence: bool) {
        self.health = health;
        self.since = now;
        self.is_suspected = health == Health::Down && is_silence;
        self.is_drained = false;
    }

    fn tell(&mut self, name: &str) -> Option<(EventKind, String)> {
        let told = match self.health {
            Health::Up if self.was_up => (EventKind::NodeUp, format!("{name} is up again")),
            Health::Up => (EventKind::NodeUp, format!("{name} is up")),
            Health::Down if self.is_suspected => {
                (EventKind::NodeSuspected, format!("{name} gives no sign of life: its tasks go elsewhere"))
            }
            Health::Down => {
                (EventKind::NodeDown, format!("{name} cannot be reached: its tasks go elsewhere"))
            }
            Health::Ejected => {
                (EventKind::NodeEjected, format!("{name} lost too many attempts in a row and rests"))
            }
            Health::Draining => (EventKind::NodeDraining, format!("{name} takes nothing new")),
            // Before it was up for the first time, that is no news.
            Health::Left if self.was_up => {
                (EventKind::NodeRemoved, format!("{name} is gone; it may come back"))
            }
            Health::Left => return None,
        };
        self.was_up |= self.health == Health::Up;
        Some(told)
    }
}
