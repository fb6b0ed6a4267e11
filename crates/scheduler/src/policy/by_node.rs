//! A table with a row for every node that was ever up.

use crate::NodeId;

/// Rows by node. A node that has not been up has none.
#[derive(Debug)]
pub(super) struct ByNode<T>(Vec<T>);

impl<T> Default for ByNode<T> {
    fn default() -> ByNode<T> {
        ByNode(Vec::new())
    }
}

impl<T: Clone + Default> ByNode<T> {
    /// The row of `node`, a fresh one if it has none yet.
    pub(super) fn enter(&mut self, node: NodeId) -> &mut T {
        if self.0.len() <= node.index() {
            self.0.resize(node.index() + 1, T::default());
        }
        &mut self.0[node.index()]
    }

    pub(super) fn get(&self, node: NodeId) -> Option<&T> {
        self.0.get(node.index())
    }

    pub(super) fn get_mut(&mut self, node: NodeId) -> Option<&mut T> {
        self.0.get_mut(node.index())
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (NodeId, &mut T)> {
        self.0.iter_mut().enumerate().map(|(index, row)| (NodeId(index as u32), row))
    }
}
