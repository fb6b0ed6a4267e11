//! Meets the nodes of the list: all of them once before the first job, the missing ones again and again after it.

use crate::engine::Engine;
use crate::peer::Kind;
use scheduler::NodeId;
use scheduler::health::Health;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Time between two greetings of a node that does not answer.
const AGAIN: Duration = Duration::from_millis(500);

/// Greets every node at the same time; answers how many are up.
pub(crate) fn first_round(engine: &Arc<Engine>) -> usize {
    let peers = engine.means.peers.all();
    let greeted: Vec<_> = thread::scope(|scope| {
        let ask = |peer| scope.spawn(move || crate::peer::Peer::greet(peer));
        let asked: Vec<_> = peers.iter().map(|peer| ask(peer.as_ref())).collect();
        asked.into_iter().map(|greeting| greeting.join().ok().flatten()).collect()
    });
    let mut up = 0;
    for (number, greeting) in greeted.into_iter().enumerate() {
        if let Some(greeting) = greeting {
            engine.arrived(NodeId(number as u32), greeting);
            up += 1;
        } else if let Some(trouble) = peers[number].trouble() {
            log::warn!("{trouble}; it gets work as soon as it answers");
        }
    }
    up
}

/// Starts the thread that greets whoever has never answered or was removed, and closes idle connections to nodes of the original's
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
    for (number, (peer, health)) in engine.means.peers.all().iter().zip(engine.healths()).enumerate() {
        match (peer.kind(), health) {
            // A node that came by itself comes back by itself, and one that is down the scheduler has probed.
            (_, Health::Left) if !peer.is_registered => engine.meet(NodeId(number as u32)),
            (Kind::Compatible, _) => peer.close_idle(),
            _ => {}
        }
    }
    true
}
