//! The server's nodes by number: those of the list at the start, and those that came later.

use crate::peer::Peer;
use scheduler::NodeId;
use std::sync::{Arc, PoisonError, RwLock};

/// Nodes by number. A number, once given, stands for one name for ever.
#[derive(Debug)]
pub(crate) struct Peers(RwLock<Vec<Arc<Peer>>>);

impl Peers {
    pub(crate) fn new(listed: Vec<Arc<Peer>>) -> Peers {
        Peers(RwLock::new(listed))
    }

    /// The node of that number, which the scheduler knows and so exists.
    pub(crate) fn get(&self, node: NodeId) -> Arc<Peer> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)[node.index()])
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn all(&self) -> Vec<Arc<Peer>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Enters one more; answers its number.
    pub(crate) fn push(&self, peer: Arc<Peer>) -> NodeId {
        let mut peers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        peers.push(peer);
        NodeId((peers.len() - 1) as u32)
    }

    /// The node for which `is_meant` holds, with its number.
    pub(crate) fn find(&self, is_meant: impl Fn(&Peer) -> bool) -> Option<(NodeId, Arc<Peer>)> {
        let peers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let place = peers.iter().position(|peer| is_meant(peer))?;
        Some((NodeId(place as u32), Arc::clone(&peers[place])))
    }
}
