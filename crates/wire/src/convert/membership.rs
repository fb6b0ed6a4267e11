//! Registrations and events.

use super::{Unfit, count, date, micros, open_enumerations, out, since_epoch, time};
use crate::membership::{ClusterEvent, NodeRegistered, NodeRegistration, ServerEvents, UnknownNode};
use idl::ballast as interface;

open_enumerations! {
    EventKind <=> crate::membership::EventKind {
        NODE_REGISTERED = NodeRegistered,
        NODE_UP = NodeUp,
        NODE_SUSPECTED = NodeSuspected,
        NODE_DOWN = NodeDown,
        NODE_EJECTED = NodeEjected,
        NODE_DRAINING = NodeDraining,
        NODE_DRAINED = NodeDrained,
        NODE_REMOVED = NodeRemoved,
        NODE_RESTARTED = NodeRestarted,
        JOB_TAKEN = JobTaken,
        JOB_ENDED = JobEnded,
        JOB_FAILED_OVER = JobFailedOver,
        JOB_DEPOSED = JobDeposed,
        JOB_PAUSED = JobPaused,
        JOB_RESUMED = JobResumed,
        JOB_WATCHED = JobWatched,
    }
}

/// Longest name of a node.
const NAME_BYTES: usize = 128;

impl From<&NodeRegistration> for interface::NodeRegistration {
    fn from(node: &NodeRegistration) -> Self {
        Self {
            address: node.address.clone(),
            name: node.name.clone(),
            incarnation: node.incarnation.cast_signed(),
        }
    }
}

impl TryFrom<interface::NodeRegistration> for NodeRegistration {
    type Error = Unfit;

    fn try_from(node: interface::NodeRegistration) -> Result<Self, Unfit> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if node.name.is_empty() || node.name.len() > NAME_BYTES || !node.name.bytes().all(is_name) {
            let why = format!("a node's name has 1 to {NAME_BYTES} letters, digits, '-', '_' and '.'");
            return Err(Unfit::new("name", why));
        }
        let port = node.address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) || node.address.parse::<cluster::Address>().is_err() {
            let why = format!("{:?} is not a host and a port; write 127.0.0.1:5001", node.address);
            return Err(Unfit::new("address", why));
        }
        Ok(Self { address: node.address, name: node.name, incarnation: node.incarnation.cast_unsigned() })
    }
}

impl From<NodeRegistered> for interface::NodeRegistered {
    fn from(registered: NodeRegistered) -> Self {
        Self {
            name: registered.name,
            again_within_us: micros(registered.again_within),
            server_incarnation: registered.server_incarnation.cast_signed(),
        }
    }
}

impl TryFrom<interface::NodeRegistered> for NodeRegistered {
    type Error = Unfit;

    fn try_from(registered: interface::NodeRegistered) -> Result<Self, Unfit> {
        Ok(Self {
            name: registered.name,
            again_within: time("again_within_us", registered.again_within_us)?,
            server_incarnation: registered.server_incarnation.cast_unsigned(),
        })
    }
}

impl From<UnknownNode> for thrift::Error {
    fn from(unknown: UnknownNode) -> Self {
        interface::UnknownNode { node: unknown.node }.into()
    }
}

impl From<ClusterEvent> for interface::ClusterEvent {
    fn from(event: ClusterEvent) -> Self {
        Self {
            number: out(event.number),
            at_us: since_epoch(event.at),
            kind: event.kind.into(),
            subject: event.subject,
            text: event.text,
        }
    }
}

impl TryFrom<interface::ClusterEvent> for ClusterEvent {
    type Error = Unfit;

    fn try_from(event: interface::ClusterEvent) -> Result<Self, Unfit> {
        Ok(Self {
            number: count("number", event.number)?,
            at: date("at_us", event.at_us)?,
            kind: event.kind.into(),
            subject: event.subject,
            text: event.text,
        })
    }
}

impl From<ServerEvents> for interface::EventsReply {
    fn from(events: ServerEvents) -> Self {
        Self {
            events: events.events.into_iter().map(interface::ClusterEvent::from).collect(),
            server_incarnation: events.server_incarnation.cast_signed(),
        }
    }
}

impl TryFrom<interface::EventsReply> for ServerEvents {
    type Error = Unfit;

    fn try_from(reply: interface::EventsReply) -> Result<Self, Unfit> {
        Ok(Self {
            events: reply.events.into_iter().map(ClusterEvent::try_from).collect::<Result<_, Unfit>>()?,
            server_incarnation: reply.server_incarnation.cast_unsigned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::EventKind;
    use std::time::{Duration, SystemTime};

    fn registration(address: &str, name: &str) -> Result<NodeRegistration, &'static str> {
        let node =
            NodeRegistration { address: address.to_owned(), name: name.to_owned(), incarnation: u64::MAX };
        NodeRegistration::try_from(interface::NodeRegistration::from(&node))
            .inspect(|back| assert_eq!(*back, node))
            .map_err(|unfit| unfit.field)
    }

    #[test]
    fn a_node_has_a_name_and_a_place_to_be_called_at() {
        assert!(registration("127.0.0.1:5001", "node-5001").is_ok());
        assert!(registration("[::1]:5001", "spare.2").is_ok());
        for address in ["", "127.0.0.1", "host:0", "host:99999", "a b:1", ":5"] {
            assert_eq!(registration(address, "n").map(drop), Err("address"), "{address:?}");
        }
        for name in ["", "two words", "new\nline", &"n".repeat(129)] {
            assert_eq!(registration("h:1", name).map(drop), Err("name"), "{name:?}");
        }
    }

    #[test]
    fn events_survive_the_way_there_and_back_also_those_of_a_later_version() {
        for kind in [EventKind::JobDeposed, EventKind::Other(9_999)] {
            let event = ClusterEvent {
                number: 7,
                at: SystemTime::UNIX_EPOCH + Duration::from_micros(1_234_567),
                kind,
                subject: "key".to_owned(),
                text: "another server goes on".to_owned(),
            };
            let events = ServerEvents { events: vec![event], server_incarnation: u64::MAX };
            assert_eq!(ServerEvents::try_from(interface::EventsReply::from(events.clone())), Ok(events));
        }
    }
}
