//! Who belongs to the cluster: nodes that register themselves, that an operator drains, that come back.

use crate::engine::Engine;
use crate::peer::{Greeting, Peer};
use records::Text;
use scheduler::health::Health;
use scheduler::{Event, NodeId};
use std::sync::{Arc, PoisonError};
use wire::membership::{EventKind, NodeRegistration, UnknownNode};

/// Nodes that a server knows at most, those that are gone included.
const MOST_NODES: usize = 4_096;

impl Engine {
    /// Takes a node that comes by itself, or notes that it is still there; answers the name under which it is kept.
    ///
    /// # Errors
    /// If there are too many nodes already.
    pub(crate) fn register(&self, node: &NodeRegistration) -> Result<Text, String> {
        // Two registrations of one node must not make two nodes of it.
        let _one_at_a_time = self.registering.lock().unwrap_or_else(PoisonError::into_inner);
        let peers = &self.means.peers;
        let is_there = |peer: &Peer| *peer.address() == *node.address;
        let is_same = |peer: &Peer| {
            is_there(peer) && (!peer.is_registered || *peer.name == *node.name)
                || peer.incarnation() == Some(node.incarnation)
        };
        if let Some((number, peer)) = peers.find(is_same) {
            self.still_there(number, &peer, node.incarnation);
            return Ok(Text::clone(&peer.name));
        }
        if let Some((number, peer)) = peers.find(|peer| *peer.name == *node.name)
            && peer.is_registered
            && self.health(number) != Some(Health::Up)
        {
            // The same node at another port, after its earlier process ended.
            log::info!("{} registers again, now at {}", peer.name, node.address);
            peer.move_to(&node.address, node.incarnation);
            self.meet(number);
            return Ok(Text::clone(&peer.name));
        }
        if let Some((number, peer)) = peers.find(is_there) {
            log::info!("{} is gone: {} is at its address now", peer.name, node.name);
            self.tell(Event::NodeLeft { node: number });
        }
        if peers.count() >= MOST_NODES {
            return Err(format!(
                "the server knows {MOST_NODES} nodes already: start it again to forget them"
            ));
        }
        let peer = Arc::new(Peer::registered(&self.free_name(&node.name), node, self.means.pool.clone()));
        let name = Text::clone(&peer.name);
        let text = format!("{name} at {} came by itself", node.address);
        log::info!("{text}");
        self.means.events.note(EventKind::NodeRegistered, &name, text);
        let number = self.enter(peer);
        self.meet(number);
        Ok(name)
    }

    /// The node's own name, or the same with a number if another node has that.
    fn free_name(&self, wanted: &str) -> String {
        let is_taken = |name: &str| self.means.peers.find(|peer| *peer.name == *name).is_some();
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names.find(|name| !is_taken(name)).unwrap_or_default()
    }

    /// A node that is known has registered.
    fn still_there(&self, number: NodeId, peer: &Peer, incarnation: u64) {
        let is_other_process = peer.note_incarnation(incarnation);
        let is_away = matches!(self.health(number), Some(Health::Left | Health::Down));
        if is_other_process || is_away && !peer.is_drained() {
            self.meet(number);
        }
    }

    /// A node has said who it is: it gets work, unless an operator has drained it and it is still the same process.
    pub(crate) fn arrived(&self, node: NodeId, greeting: Greeting) {
        let peer = self.means.peers.get(node);
        let facts = greeting.facts;
        if let Some(row) = peer.news(&self.means.run, &facts) {
            self.means.recorder.node(row);
        }
        if greeting.is_restarted {
            let text = format!("{} is another process than before", peer.name);
            log::info!("{text}");
            self.means.events.note(EventKind::NodeRestarted, &peer.name, text);
            peer.set_drained(false);
            self.tell(Event::NodeRestarted { node, facts });
        } else if !peer.is_drained() {
            self.tell(Event::NodeJoined { node, facts });
        }
    }

    /// Gives a node nothing new until it is resumed or is another process.
    ///
    /// # Errors
    /// If no node has that name.
    pub(crate) fn drain(&self, name: &str) -> Result<(), UnknownNode> {
        let (node, peer) = self.named(name)?;
        log::info!("{name} is drained");
        peer.set_drained(true);
        self.tell(Event::NodeDraining { node });
        Ok(())
    }

    /// Gives a node that was drained work again.
    ///
    /// # Errors
    /// If no node has that name.
    pub(crate) fn resume(&self, name: &str) -> Result<(), UnknownNode> {
        let (node, peer) = self.named(name)?;
        log::info!("{name} is resumed");
        peer.set_drained(false);
        self.tell(Event::NodeResumed { node });
        Ok(())
    }

    fn named(&self, name: &str) -> Result<(NodeId, Arc<Peer>), UnknownNode> {
        let found = self.means.peers.find(|peer| *peer.name == *name);
        found.ok_or_else(|| UnknownNode { node: name.to_owned() })
    }
}
