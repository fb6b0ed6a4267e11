//! Watches over the nodes: each is asked again and again what it does, and one that gives no answer is suspected, then
//! removed.
//!
//! A call must be answered; an open connection proves nothing, and a message from the node proves only the other way.
//! So the server asks, and the answer carries what the node does: running and queued attempts, counts and times.

use crate::engine::Engine;
use crate::peer::{Kind, Peer, Sign};
use scheduler::health::Health;
use scheduler::{Event, NodeId};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Parts into which the longest silence is cut: so often, at least, is a node asked.
const QUESTIONS: u32 = 4;
/// Longest time between two questions to a node.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long a node may give no sign of life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// Before its tasks go elsewhere.
    pub(crate) suspected: Duration,
    /// Before it is no member any more.
    pub(crate) removed: Duration,
}

/// Starts the thread that watches.
pub(crate) fn start(engine: &Arc<Engine>, silence: Silence) -> std::io::Result<()> {
    let engine = Arc::downgrade(engine);
    let pause = (silence.suspected / QUESTIONS).min(HEARTBEAT);
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        while look(&engine, silence) {
            thread::sleep(pause);
        }
    })?;
    Ok(())
}

fn look(engine: &Weak<Engine>, longest: Silence) -> bool {
    let Some(engine) = engine.upgrade() else {
        return false;
    };
    engine.try_again();
    for (number, (peer, health)) in engine.means.peers.all().iter().zip(engine.healths()).enumerate() {
        look_at(&engine, NodeId(number as u32), peer, health, longest);
    }
    true
}

fn look_at(engine: &Arc<Engine>, node: NodeId, peer: &Arc<Peer>, health: Health, longest: Silence) {
    // The original's nodes give each connection a thread and have ten: asking one that is busy tells nothing.
    let may_ask = matches!(peer.kind(), Kind::Ballast(_));
    match health {
        Health::Left => {}
        Health::Up if !may_ask => peer.heard(),
        Health::Down | Health::Ejected | Health::Draining if peer.silence() >= longest.removed => {
            let shown = humantime::format_duration(longest.removed);
            log::warn!(
                "{} has been away for {shown}: it is no member any more, until it comes back",
                peer.name
            );
            engine.tell(Event::NodeLeft { node });
        }
        // Whether it is back a probe tells, at times that the scheduler chooses.
        Health::Down => {}
        Health::Up | Health::Ejected | Health::Draining if may_ask => {
            if peer.silence() >= longest.suspected {
                let shown = humantime::format_duration(longest.suspected);
                if health == Health::Up {
                    log::warn!("{} has been silent for {shown}: its tasks go elsewhere", peer.name);
                }
                engine.tell(Event::NodeSilent { node });
            }
            ask(engine, node, peer, longest.suspected);
        }
        Health::Up | Health::Ejected | Health::Draining => {}
    }
}

/// Asks on a thread of its own, one question at a time a node.
fn ask(engine: &Arc<Engine>, node: NodeId, peer: &Arc<Peer>, time_out: Duration) {
    let Some(question) = peer.begin_question() else {
        return;
    };
    let engine = Arc::downgrade(engine);
    let asked = thread::Builder::new().name(format!("ask-{}", peer.name)).spawn(move || {
        let sign = question.ask(time_out);
        drop(question);
        if let Some(engine) = engine.upgrade() {
            hear(&engine, node, sign);
        }
    });
    if let Err(error) = asked {
        log::warn!("cannot ask {} what it does: {error}", peer.name);
    }
}

fn hear(engine: &Engine, node: NodeId, sign: Sign) {
    match (sign, engine.health(node)) {
        (Sign::OtherProcess, _) => engine.meet(node),
        (Sign::Draining, Some(Health::Up)) => engine.tell(Event::NodeDraining { node }),
        (Sign::Unreachable, Some(Health::Up)) => engine.tell_unreachable(node),
        // It has finished and left, as it said that it would.
        (Sign::Unreachable, Some(Health::Draining)) => engine.tell(Event::NodeLeft { node }),
        (Sign::Lives | Sign::Draining | Sign::Unreachable | Sign::None, _) => {}
    }
}
