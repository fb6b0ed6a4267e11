//! The nodes among which a policy picks, with time and luck at hand.

use crate::health::Health;
use crate::{Micros, NodeId, Nodes, TaskIndex};
use luck::Coin;

/// The candidates of one decision: all nodes that are up, but for the one that has just refused or lost the task
/// while another is up.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    now: Micros,
    coin: Coin,
    nodes: &'a Nodes,
    /// Position and number of the node that is left out.
    excluded: Option<(usize, NodeId)>,
    task: TaskIndex,
    waiting: usize,
    is_copy: bool,
    /// Attempts in flight by node where they are known from a bulletin board and not as they are.
    board: Option<&'a [u32]>,
}

impl<'a> Choice<'a> {
    /// The candidates among `nodes`; none if no node is up.
    pub fn new(nodes: &'a Nodes, avoid: Option<NodeId>, now: Micros, coin: Coin) -> Option<Choice<'a>> {
        let eligible = nodes.eligible();
        let excluded = avoid
            .filter(|_| eligible.len() > 1)
            .and_then(|node| eligible.binary_search(&node).ok().map(|place| (place, node)));
        let (task, waiting, is_copy, board) = (TaskIndex(0), 1, false, None);
        (!eligible.is_empty()).then_some(Choice { now, coin, nodes, excluded, task, waiting, is_copy, board })
    }

    /// Says which task is to be placed, and how many of its job wait for a node now, this one included.
    #[must_use]
    pub fn for_task(self, task: TaskIndex, waiting: usize) -> Choice<'a> {
        Choice { task, waiting, ..self }
    }

    /// Says that the task runs already and a hedge is to be placed.
    #[must_use]
    pub fn for_copy(self) -> Choice<'a> {
        Choice { is_copy: true, ..self }
    }

    /// Says what a bulletin board shows of the attempts in flight; [`Choice::in_flight`] answers by it.
    #[must_use]
    pub(crate) fn with_board<'b>(self, board: &'b [u32]) -> Choice<'b>
    where
        'a: 'b,
    {
        Choice { board: Some(board), ..self }
    }

    /// The task to be placed.
    pub const fn task(&self) -> TaskIndex {
        self.task
    }

    /// Tasks of the job that wait for a node, this one included.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether a hedge is to be placed: the task runs already on the node that is left out.
    pub const fn is_copy(&self) -> bool {
        self.is_copy
    }

    /// When the decision is made.
    pub const fn now(&self) -> Micros {
        self.now
    }

    /// The luck of this decision.
    pub const fn coin(&self) -> Coin {
        self.coin
    }

    /// How many candidates there are, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a choice is never empty")]
    pub fn len(&self) -> usize {
        self.nodes.eligible().len() - usize::from(self.excluded.is_some())
    }

    /// The candidate at `index` in ascending order, for `index` below [`Choice::len`].
    pub fn at(&self, index: usize) -> NodeId {
        let skip = self.excluded.is_some_and(|(place, _)| index >= place);
        self.nodes.eligible()[index + usize::from(skip)]
    }

    /// All candidates in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        let excluded = self.excluded.map(|(_, node)| node);
        self.nodes.eligible().iter().copied().filter(move |&node| Some(node) != excluded)
    }

    /// Whether `node` is a candidate.
    pub fn allows(&self, node: NodeId) -> bool {
        self.excluded.is_none_or(|(_, excluded)| excluded != node)
            && self.nodes.get(node).is_some_and(|entry| entry.health() == Health::Up)
    }

    /// The node that takes work but is no candidate, if there is one.
    pub fn excluded(&self) -> Option<NodeId> {
        self.excluded.map(|(_, node)| node)
    }

    /// Attempts in flight on `node`.
    pub fn in_flight(&self, node: NodeId) -> u32 {
        match self.board {
            Some(board) => board.get(node.index()).copied().unwrap_or(0),
            None => self.nodes.in_flight(node),
        }
    }

    /// Slots of `node`.
    pub fn slots(&self, node: NodeId) -> u32 {
        self.nodes.slots(node)
    }

    /// The whole table, also of nodes that are no candidates.
    pub const fn nodes(&self) -> &'a Nodes {
        self.nodes
    }
}
