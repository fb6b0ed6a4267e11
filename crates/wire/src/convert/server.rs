//! What a server tells of itself, there and back.

use super::{Unfit, count, micros, out, time};
use crate::Counters;
use crate::job::{ElectionView, NodeView, ServerDescription};
use idl::ballast as interface;

impl From<ServerDescription> for interface::ServerDescription {
    fn from(server: ServerDescription) -> Self {
        Self {
            name: server.name,
            interface_version: server.interface_version,
            program_version: server.program_version,
            incarnation: server.incarnation.cast_signed(),
            uptime_us: micros(server.uptime),
            nodes: server.nodes.into_iter().map(interface::NodeView::from).collect(),
            jobs_running: out(server.jobs_running),
            jobs_ended: out(server.jobs_ended),
            strategies: server.strategies,
            operations: server.operations,
            port: Some(server.port.by_name().map(|(name, value)| (name.to_owned(), out(value))).collect()),
            standby_of: (!server.standby_of.is_empty()).then_some(server.standby_of),
            epoch: server.epoch.map(out),
            election: server.election.map(|election| interface::ElectionView {
                leader: election.leader,
                term: election.term.map(out),
            }),
        }
    }
}

impl TryFrom<interface::ServerDescription> for ServerDescription {
    type Error = Unfit;

    fn try_from(server: interface::ServerDescription) -> Result<Self, Unfit> {
        Ok(Self {
            name: server.name,
            interface_version: server.interface_version,
            program_version: server.program_version,
            incarnation: server.incarnation.cast_unsigned(),
            uptime: time("uptime_us", server.uptime_us)?,
            nodes: server.nodes.into_iter().map(NodeView::try_from).collect::<Result<_, Unfit>>()?,
            jobs_running: count("jobs_running", server.jobs_running)?,
            jobs_ended: count("jobs_ended", server.jobs_ended)?,
            strategies: server.strategies,
            operations: server.operations,
            standby_of: server.standby_of.unwrap_or_default(),
            epoch: server.epoch.map(|epoch| count("epoch", epoch)).transpose()?,
            election: server.election.map(election_in).transpose()?,
            port: {
                let port = server.port.unwrap_or_default();
                Counters::of_names(
                    port.iter().map(|(name, value)| (name.as_str(), (*value).max(0).cast_unsigned())),
                )
            },
        })
    }
}

fn election_in(election: interface::ElectionView) -> Result<ElectionView, Unfit> {
    let term = election.term.map(|term| count("term", term)).transpose()?;
    Ok(ElectionView { leader: election.leader, term })
}
