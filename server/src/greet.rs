//! Meets the nodes: all of them once before the first job, the missing ones again and again after it.

use crate::engine::Engine;
use crate::peer::Kind;
use scheduler::NodeId;
use scheduler::health::Health;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Time between two greetings of a node that has never answered.
const AGAIN: Duration = Duration::from_millis(500);

/// Greets every node at the same time; answers how many are up.
pub(crate) fn first_round(engine: &Arc<Engine>) -> usize {
    let greeted: Vec<_> = thread::scope(|scope| {
        let ask = |peer| scope.spawn(move || crate::peer::Peer::greet(peer));
        let asked: Vec<_> = engine.means.peers.iter().map(|peer| ask(peer.as_ref())).collect();
        asked.into_iter().map(|greeting| greeting.join().ok().flatten()).collect()
    });
    let mut up = 0;
    for (number, facts) in greeted.into_iter().enumerate() {
        if let Some(facts) = facts {
            engine.join(NodeId(number as u32), facts);
            up += 1;
        } else if let Some(trouble) = engine.means.peers[number].trouble() {
            log::warn!("{trouble}; it gets work as soon as it answers");
        }
    }
    up
}

/// Starts the thread that greets whoever has never answered, and closes idle connections to nodes of the original's
/// kind.
pub(crate) fn keep_greeting(engine: &Arc<Engine>) -> std::io::Result<()> {
    let engine = Arc::downgrade(engine);
    thread::Builder::new().name("greeter".to_owned()).spawn(move || {
        while round(&engine) {
            thread::sleep(AGAIN);
        }
    })?;
    Ok(())
}

fn round(engine: &Weak<Engine>) -> bool {
    let Some(engine) = engine.upgrade() else { return false };
    let (nodes, _) = engine.overview();
    for (number, (peer, (node, _))) in engine.means.peers.iter().zip(nodes).enumerate() {
        match (peer.kind(), node.health()) {
            // A node that was up once and is not any more is the scheduler's affair: it asks for probes.
            (_, Health::Left) => {
                if let Some(facts) = peer.greet() {
                    log::info!("{} is up", peer.name);
                    engine.join(NodeId(number as u32), facts);
                }
            }
            (Kind::Compatible, _) => peer.close_idle(),
            _ => {}
        }
    }
    true
}
