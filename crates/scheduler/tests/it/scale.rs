//! Every policy over a thousand nodes: the virtual-time driver settles ten thousand tasks in seconds.

use crate::cluster::{Cluster, ModelNode};
use luck::Seed;
use scheduler::{JobEnd, JobSpec, Micros, Settings, policy};

#[test]
fn ten_thousand_tasks_over_a_thousand_nodes_under_every_policy() {
    for entry in policy::ALL {
        let nodes = (0..1_000).map(|index| ModelNode::new(f64::from(index % 10) / 10.0)).collect();
        let mut spec = JobSpec::new(10_000, entry.name.parse().unwrap(), Seed(1));
        spec.max_in_flight = 2_000;
        let story = Cluster::new(nodes).without_log().submit_at(Micros(0), 1, spec).run(Settings::default());
        assert_eq!(story.ended[&1].0, JobEnd::Done, "{}", entry.name);
        assert_eq!(story.drained[&1].done, 10_000, "{}", entry.name);
    }
}
