//! What to start with which arguments: pure.

use cluster::{Probability, Profile};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a process that is told to end may go on with what it has: nobody waits for the results any more.
const GRACE: &str = "2s";

/// One compute node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePlan {
    /// Its name in records.
    pub name: String,
    /// How loaded it pretends to be.
    pub load: Profile,
    /// Probability of a rejection, if it is not the load.
    pub reject: Option<Profile>,
    /// Probability of a delay, if it is not the load.
    pub delay: Option<Profile>,
    /// Attempts that it works on at once, if not as many as the others.
    pub slots: Option<usize>,
    /// Attempts that may wait for a slot, if not as many as it takes by itself.
    pub queue: Option<usize>,
}

impl NodePlan {
    /// A node like the others but for its name and load.
    pub fn new(name: String, load: impl Into<Profile>) -> NodePlan {
        NodePlan { name, load: load.into(), reject: None, delay: None, slots: None, queue: None }
    }
}

/// A server and its nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterPlan {
    /// The nodes, `node0` first.
    pub nodes: Vec<NodePlan>,
    /// How late a delayed attempt starts.
    pub delay: Duration,
    /// Attempts that each node works on at once, sleeping ones included.
    pub slots: usize,
    /// The folder inside which nodes and server may read and write.
    pub data_root: PathBuf,
    /// Where run folders appear.
    pub results: PathBuf,
    /// Label of the run.
    pub label: String,
    /// Whether the server writes its decision log, so that the run can be replayed exactly.
    pub decisions: bool,
    /// Where the server's console is, if there is to be one: measurements are better off without.
    pub console: Option<String>,
    /// The run folder to go on in, instead of a new one below `results`.
    pub go_on: Option<PathBuf>,
}

impl ClusterPlan {
    /// Nodes `node0`, `node1`, … with the given load probabilities.
    pub fn nodes_with(loads: &[Probability]) -> Vec<NodePlan> {
        loads.iter().enumerate().map(|(index, &load)| NodePlan::new(format!("node{index}"), load)).collect()
    }

    /// The command line of `node`, without the program's name.
    pub fn node_arguments(&self, node: &NodePlan) -> Vec<OsString> {
        let mut arguments = words(&[&node.load.to_string(), "--name", &node.name]);
        let slots = node.slots.unwrap_or(self.slots);
        arguments.extend(words(&["--listen", "127.0.0.1:0", "--slots", &slots.to_string()]));
        let probabilities = [("--reject-probability", &node.reject), ("--delay-probability", &node.delay)];
        for (option, profile) in probabilities {
            arguments.extend(profile.iter().flat_map(|profile| words(&[option, &profile.to_string()])));
        }
        arguments.extend(node.queue.iter().flat_map(|queue| words(&["--queue", &queue.to_string()])));
        arguments.extend(words(&["--delay", &microseconds(self.delay), "--data-root"]));
        arguments.push(self.data_root.clone().into_os_string());
        arguments.extend(words(&["--grace", GRACE, "--log-level", "warn"]));
        arguments
    }

    /// The command line of the server, without the program's name.
    pub fn server_arguments(&self, machine_file: &Path) -> Vec<OsString> {
        let mut arguments = words(&["--listen", "127.0.0.1:0", "--machines"]);
        arguments.push(machine_file.as_os_str().to_owned());
        // Of no use after this cluster's end, and no unfinished job of an earlier one may disturb it.
        arguments.push("--state".into());
        arguments.push(machine_file.with_file_name("state").into_os_string());
        arguments.push("--results".into());
        arguments.push(self.results.clone().into_os_string());
        let console = self.console.as_deref().unwrap_or("off");
        arguments.extend(words(&["--console", console, "--console-data"]));
        arguments.push(self.data_root.clone().into_os_string());
        arguments.extend(words(&["--label", &self.label, "--grace", GRACE, "--log-level", "warn"]));
        if self.decisions {
            arguments.push("--decisions".into());
        }
        if let Some(folder) = &self.go_on {
            arguments.extend(["--go-on".into(), folder.clone().into_os_string()]);
        }
        arguments
    }
}

/// A `machine.txt` of nodes that listen already, and of the server that will read it.
pub fn machine_file(nodes: &[(&str, SocketAddr)]) -> String {
    let lines: String = nodes.iter().map(|(name, address)| format!("{name} {address}\n")).collect();
    lines + "server 127.0.0.1\n"
}

/// The address in the line that a program prints when it is ready, such as `server listening on 127.0.0.1:5000`.
pub fn ready_address(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once("listening on ")?;
    after.split([' ', ',', ';']).next()?.parse().ok()
}

fn words(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(OsString::from).collect()
}

/// A duration as the programs' options read it.
fn microseconds(duration: Duration) -> String {
    format!("{}us", duration.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> ClusterPlan {
        let loads = [0.8, 0.2].map(|load| Probability::new(load).unwrap());
        ClusterPlan {
            nodes: ClusterPlan::nodes_with(&loads),
            delay: Duration::from_millis(50),
            slots: 2,
            data_root: "/data".into(),
            results: "results".into(),
            label: "demo".to_owned(),
            decisions: true,
            console: None,
            go_on: None,
        }
    }

    fn line(arguments: Vec<OsString>) -> String {
        arguments.into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn command_lines() {
        let plan = plan();
        insta::assert_snapshot!(line(plan.node_arguments(&plan.nodes[1])), @"0.2 --name node1 --listen 127.0.0.1:0 --slots 2 --delay 50000us --data-root /data --grace 2s --log-level warn");
        insta::assert_snapshot!(line(plan.server_arguments(Path::new("/tmp/machine.txt"))), @"--listen 127.0.0.1:0 --machines /tmp/machine.txt --state /tmp/state --results results --console off --console-data /data --label demo --grace 2s --log-level warn --decisions");
    }

    #[test]
    fn the_machine_file_is_one_that_programs_read() {
        let addresses =
            [("node0", "127.0.0.1:40001".parse().unwrap()), ("node1", "127.0.0.1:40002".parse().unwrap())];
        let text = machine_file(&addresses);
        let machines = cluster::Machines::parse(&text).unwrap();
        assert_eq!(machines.nodes().count(), 2);
        assert_eq!(machines.servers().count(), 1);
    }

    #[test]
    fn ready_lines() {
        let address = |line| ready_address(line).map(|address| address.to_string());
        let node = "computenode node0 listening on 127.0.0.1:4711 (load 0.8, delay 3s, 10 slots)";
        assert_eq!(address(node).as_deref(), Some("127.0.0.1:4711"));
        assert_eq!(address("server listening on [::1]:5000").as_deref(), Some("[::1]:5000"));
        assert_eq!(address("listening on everything"), None);
        assert_eq!(address("127.0.0.1:4711"), None);
    }
}
