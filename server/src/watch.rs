//! Watches for nodes that hang and keep their connections: a call must be answered, an open connection proves nothing.
//!
//! A node that finishes attempts shows by that that it lives. Only one that holds attempts and has shown nothing for a
//! while is asked; one that then gives no answer until its time is over has fallen silent.

use crate::engine::Engine;
use crate::peer::{Kind, Peer};
use scheduler::health::Health;
use scheduler::{Event, NodeId};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Parts into which the longest silence is cut: so often is a quiet node asked.
const QUESTIONS: u32 = 4;

/// Starts the thread that watches.
pub(crate) fn start(engine: &Arc<Engine>, longest_silence: Duration) -> std::io::Result<()> {
    let engine = Arc::downgrade(engine);
    let pause = longest_silence / QUESTIONS;
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        while look(&engine, longest_silence) {
            thread::sleep(pause);
        }
    })?;
    Ok(())
}

fn look(engine: &Weak<Engine>, longest_silence: Duration) -> bool {
    let Some(engine) = engine.upgrade() else {
        return false;
    };
    let (nodes, _) = engine.overview();
    for (number, (peer, (node, _))) in engine.means.peers.iter().zip(nodes).enumerate() {
        // The original's nodes give each connection a thread and have ten: asking one that is busy tells nothing.
        let may_ask = node.health() == Health::Up && matches!(peer.kind(), Kind::Ballast(_));
        if !may_ask || node.in_flight() == 0 {
            peer.heard();
        } else if peer.silence() >= longest_silence {
            log::warn!("{} has been silent for {longest_silence:?}: its tasks go elsewhere", peer.name);
            engine.tell(Event::NodeSilent { node: NodeId(number as u32) });
        } else if peer.silence() >= longest_silence / QUESTIONS {
            ask(peer, longest_silence);
        }
    }
    true
}

/// Asks on a thread of its own, one question at a time a node.
fn ask(peer: &Arc<Peer>, time_out: Duration) {
    let Some(question) = peer.begin_question() else {
        return;
    };
    let asked =
        thread::Builder::new().name(format!("ask-{}", peer.name)).spawn(move || question.ask(time_out));
    if let Err(error) = asked {
        log::warn!("cannot ask {} whether it lives: {error}", peer.name);
    }
}
