//! Which line of `machine.txt` a starting program is, and its port, taken in the same step so that nobody comes between.
//!
//! Whether an address is this machine's is asked of the system by binding to it: the answer is right for every
//! interface and container, and no list of interfaces can be out of date.

use crate::machines::{Machine, Machines, Role};
use std::io::{self, ErrorKind};
use std::net::{TcpListener, ToSocketAddrs};

/// A program's own line of `machine.txt` and the port that it names, bound and listening.
#[derive(Debug)]
pub struct OwnEntry<Port = TcpListener> {
    /// The line.
    pub machine: Machine,
    /// Its port.
    pub port: Port,
}

/// Finds the line that a program of `role` is, and takes its port: the line called `name`, or else the first one of its
/// role whose address is this machine's and whose port is free.
///
/// # Errors
/// If there is no such line, or its port cannot be had.
pub fn own_entry(machines: &Machines, role: Role, name: Option<&str>) -> Result<OwnEntry, OwnEntryError> {
    choose(machines, role, name, listen)
}

/// Binds to the machine's own address and to nothing wider.
///
/// A host name may stand for several addresses. A port that is taken ends the search: otherwise a second program
/// would settle on another address of the same name, and callers could not tell the two apart.
fn listen(machine: &Machine) -> io::Result<TcpListener> {
    let mut last = io::Error::new(ErrorKind::AddrNotAvailable, "the name has no address");
    for address in machine.address.pair().to_socket_addrs().map_err(unknown_host)? {
        match TcpListener::bind(address) {
            Err(cause) if cause.kind() == ErrorKind::AddrNotAvailable => last = cause,
            other => return other,
        }
    }
    Err(last)
}

/// Look-ups fail with errors of no certain kind.
fn unknown_host(cause: io::Error) -> io::Error {
    io::Error::new(ErrorKind::HostUnreachable, cause)
}

/// The choice itself; `bind` is the only effect.
fn choose<Port>(
    machines: &Machines,
    role: Role,
    name: Option<&str>,
    bind: impl Fn(&Machine) -> io::Result<Port>,
) -> Result<OwnEntry<Port>, OwnEntryError> {
    if let Some(name) = name {
        let machine = named(machines, role, name)?;
        return match bind(machine) {
            Ok(port) => Ok(OwnEntry { machine: machine.clone(), port }),
            Err(cause) => Err(OwnEntryError::of_one(machine, role, cause)),
        };
    }
    if role == Role::Node && machines.nodes().next().is_none() {
        return Err(OwnEntryError::NoNode);
    }
    let mut taken = Vec::new();
    let mut unknown = Vec::new();
    for machine in machines.of_role(role) {
        match bind(machine) {
            Ok(port) => {
                return Ok(OwnEntry { machine: machine.clone(), port });
            }
            Err(cause) => match cause.kind() {
                ErrorKind::AddrNotAvailable => {}
                ErrorKind::AddrInUse => taken.push(machine.to_string()),
                ErrorKind::HostUnreachable => unknown.push(machine.address.host().to_owned()),
                _ => return Err(OwnEntryError::of_one(machine, role, cause)),
            },
        }
    }
    if taken.is_empty() {
        Err(OwnEntryError::NoneHere { role, listed: listed(machines, role), unknown })
    } else {
        Err(OwnEntryError::AllTaken { role, taken })
    }
}

fn named<'machines>(
    machines: &'machines Machines,
    role: Role,
    name: &str,
) -> Result<&'machines Machine, OwnEntryError> {
    match machines.find(name) {
        Some(machine) if machine.role() == role => Ok(machine),
        found => Err(OwnEntryError::NoSuchName {
            name: name.to_owned(),
            found: found.map(Machine::role),
            role,
            known: machines.of_role(role).map(|machine| machine.name.clone()).collect(),
        }),
    }
}

fn listed(machines: &Machines, role: Role) -> Vec<String> {
    machines.of_role(role).map(Machine::to_string).collect()
}

/// Why a program has no line of its own.
#[derive(Debug, thiserror::Error)]
pub enum OwnEntryError {
    /// `--name` names no machine of the program's role.
    #[error("machine.txt has no {role} '{}'{}: it has {}", .name.escape_debug(), but(*found), and(known))]
    NoSuchName {
        /// The name.
        name: String,
        /// The role of the machine that has this name, if there is one.
        found: Option<Role>,
        /// The program's role.
        role: Role,
        /// Names that would do.
        known: Vec<String>,
    },
    /// There is no line for a node at all.
    #[error(
        "machine.txt lists no compute node: add a line such as 'node0 127.0.0.1:5001', or register with a server by \
         --server HOST:PORT"
    )]
    NoNode,
    /// No line has an address of this machine.
    #[error(
        "no {role} of machine.txt has an address of this machine ({}{}): start the program on one of those machines, \
         or add a line with an address of this one",
        and(listed),
        cannot_look_up(unknown)
    )]
    NoneHere {
        /// The program's role.
        role: Role,
        /// Lines of this role.
        listed: Vec<String>,
        /// Host names among them that have no address.
        unknown: Vec<String>,
    },
    /// Every line of this machine has a port that is taken.
    #[error(
        "every {role} of machine.txt that is on this machine runs already or has its port taken by another program \
         ({}): stop one of them, or add a line with a free port",
        and(taken)
    )]
    AllTaken {
        /// The program's role.
        role: Role,
        /// Lines whose port is taken.
        taken: Vec<String>,
    },
    /// The port of the line that `--name` names is taken.
    #[error(
        "port {} of '{}' is taken: it runs already, or another program has the port; stop that one, or give '{}' \
         another port in machine.txt",
        .0.address.port(), .0.name, .0.name
    )]
    Taken(Machine),
    /// The line that `--name` names is another machine's.
    #[error(
        "'{}' is at {}, which is no address of this machine: start it there, or correct its line in machine.txt",
        .0.name, .0.address.host()
    )]
    NotHere(Machine),
    /// The host name has no address.
    #[error("cannot look up '{}' of '{}': {cause}; correct its line in machine.txt", machine.address.host(), machine.name)]
    UnknownHost {
        /// The line.
        machine: Machine,
        /// What the system says.
        cause: io::Error,
    },
    /// The system refuses the port.
    #[error("cannot listen at {} for the {role} '{}': {cause}{}", machine.address, machine.name, privileged(machine))]
    Refused {
        /// The line.
        machine: Machine,
        /// The program's role.
        role: Role,
        /// What the system says.
        cause: io::Error,
    },
}

impl OwnEntryError {
    fn of_one(machine: &Machine, role: Role, cause: io::Error) -> OwnEntryError {
        let machine = machine.clone();
        match cause.kind() {
            ErrorKind::AddrInUse => OwnEntryError::Taken(machine),
            ErrorKind::AddrNotAvailable => OwnEntryError::NotHere(machine),
            ErrorKind::HostUnreachable => OwnEntryError::UnknownHost { machine, cause },
            _ => OwnEntryError::Refused { machine, role, cause },
        }
    }
}

fn but(found: Option<Role>) -> String {
    match found {
        None => String::new(),
        Some(Role::Other) => " (the machine of this name has no part in the cluster)".to_owned(),
        Some(role) => format!(" (that is a {role})"),
    }
}

fn privileged(machine: &Machine) -> &'static str {
    if machine.address.port() < 1024 { "; ports below 1024 need privileges, take a higher one" } else { "" }
}

fn cannot_look_up(unknown: &[String]) -> String {
    if unknown.is_empty() { String::new() } else { format!("; cannot look up {}", and(unknown)) }
}

/// Lists longer than a sentence can hold are cut.
const MOST_LISTED: usize = 8;

fn and(words: &[String]) -> String {
    let shown = &words[..words.len().min(MOST_LISTED)];
    match words.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn machines() -> Machines {
        Machines::parse(
            "node0 10.0.0.1\nnode1 127.0.0.1:5001\nnode2 127.0.0.1:5002\nserver 127.0.0.1\nclient 127.0.0.1:9\n",
        )
        .unwrap()
    }

    /// A machine with the address 127.0.0.1 and the given ports taken.
    fn pretend<'a>(taken: &'a [u16]) -> impl Fn(&Machine) -> io::Result<u16> + use<'a> {
        move |machine: &Machine| {
            let port = machine.address.port();
            match machine.address.host() {
                "127.0.0.1" if taken.contains(&port) => Err(ErrorKind::AddrInUse.into()),
                "127.0.0.1" => Ok(port),
                _ => Err(ErrorKind::AddrNotAvailable.into()),
            }
        }
    }

    fn error(name: Option<&str>, taken: &[u16]) -> String {
        choose(&machines(), Role::Node, name, pretend(taken)).unwrap_err().to_string()
    }

    #[test]
    fn programs_on_one_machine_share_its_lines_out() {
        let machines = machines();
        let taken = RefCell::new(Vec::new());
        let start = |role| {
            let port = choose(&machines, role, None, pretend(&taken.borrow().clone())).map(|own| own.port);
            taken.borrow_mut().extend(port.as_ref().ok());
            port.ok()
        };
        assert_eq!(start(Role::Node), Some(5001));
        assert_eq!(start(Role::Node), Some(5002));
        assert_eq!(start(Role::Node), None);
        assert_eq!(start(Role::Server), Some(5000));
        assert_eq!(start(Role::Server), None);
    }

    #[test]
    fn a_name_is_taken_at_its_word() {
        let own = choose(&machines(), Role::Node, Some("node2"), pretend(&[])).unwrap();
        assert_eq!((own.machine.name.as_str(), own.port), ("node2", 5002));
    }

    #[test]
    fn errors_are_sentences() {
        insta::assert_snapshot!(error(Some("node9"), &[]), @"machine.txt has no compute node 'node9': it has node0, node1, node2");
        insta::assert_snapshot!(error(Some("server"), &[]), @"machine.txt has no compute node 'server' (that is a server): it has node0, node1, node2");
        insta::assert_snapshot!(error(Some("client"), &[]), @"machine.txt has no compute node 'client' (the machine of this name has no part in the cluster): it has node0, node1, node2");
        insta::assert_snapshot!(error(Some("node0"), &[]), @"'node0' is at 10.0.0.1, which is no address of this machine: start it there, or correct its line in machine.txt");
        insta::assert_snapshot!(error(Some("node1"), &[5001]), @"port 5001 of 'node1' is taken: it runs already, or another program has the port; stop that one, or give 'node1' another port in machine.txt");
        insta::assert_snapshot!(error(None, &[5001, 5002]), @"every compute node of machine.txt that is on this machine runs already or has its port taken by another program (node1 127.0.0.1:5001, node2 127.0.0.1:5002): stop one of them, or add a line with a free port");
        let elsewhere = Machines::parse("node0 10.0.0.1\nnode1 nowhere.example\nserver 10.0.0.2:5").unwrap();
        let bind = |machine: &Machine| -> io::Result<()> {
            let known = machine.address.host() != "nowhere.example";
            let known = known && machine.role() == Role::Node;
            Err(if known { ErrorKind::AddrNotAvailable } else { ErrorKind::HostUnreachable }.into())
        };
        insta::assert_snapshot!(choose(&elsewhere, Role::Node, None, bind).unwrap_err(), @"no compute node of machine.txt has an address of this machine (node0 10.0.0.1:5000, node1 nowhere.example:5000; cannot look up nowhere.example): start the program on one of those machines, or add a line with an address of this one");
        let none = Machines::parse("server 127.0.0.1").unwrap();
        insta::assert_snapshot!(own_entry(&none, Role::Node, None).unwrap_err(), @"machine.txt lists no compute node: add a line such as 'node0 127.0.0.1:5001', or register with a server by --server HOST:PORT");
        let forbidden = |_: &Machine| -> io::Result<()> { Err(ErrorKind::PermissionDenied.into()) };
        insta::assert_snapshot!(choose(&elsewhere, Role::Server, None, forbidden).unwrap_err(), @"cannot listen at 10.0.0.2:5 for the server 'server': permission denied; ports below 1024 need privileges, take a higher one");
    }

    #[test]
    fn real_ports_are_taken_once() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let text = format!("node0 192.0.2.1\nnode1 127.0.0.1:{free}\nserver localhost\n");
        let machines = Machines::parse(&text).unwrap();
        let first = own_entry(&machines, Role::Node, None).unwrap();
        assert_eq!(first.machine.name, "node1");
        assert_eq!(first.port.local_addr().unwrap().to_string(), format!("127.0.0.1:{free}"));
        let second = own_entry(&machines, Role::Node, None).unwrap_err();
        assert!(matches!(second, OwnEntryError::AllTaken { .. }), "{second}");
        let named = own_entry(&machines, Role::Node, Some("node1")).unwrap_err();
        assert!(matches!(named, OwnEntryError::Taken(_)), "{named}");
        let elsewhere = own_entry(&machines, Role::Node, Some("node0")).unwrap_err();
        assert!(matches!(elsewhere, OwnEntryError::NotHere(_)), "{elsewhere}");
    }
}
