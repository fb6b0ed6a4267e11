//! `lab certificates`: makes what `--tls` takes.

use super::say::{answer, failure};
use crate::certificates::{LOCAL, Member, Order, make};
use cluster::Machines;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use time::OffsetDateTime;

/// Make certificates for TLS between the programs: an authority, and a folder for each machine's --tls
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab certificates certificates                        for this machine, and for those of machine.txt
  lab certificates certificates --host 10.0.0.7        for one more machine, later
  lab certificates certificates --renew                all of them anew, before they expire
  export BALLAST_TLS=$PWD/certificates/localhost       then start the programs as ever")]
pub(super) struct Arguments {
    /// Folder for them; the authority that is in it already signs those that are missing
    #[arg(value_name = "FOLDER", env = "BALLAST_CERTIFICATES")]
    folder: PathBuf,
    /// A machine, by the name or address that others call it by; may be given several times
    #[arg(long, value_name = "HOST", env = "BALLAST_HOST", value_delimiter = ',')]
    host: Vec<String>,
    /// The list of machines, if there is one: each of them gets a certificate
    #[arg(long, value_name = "FILE", default_value = "machine.txt", env = "BALLAST_MACHINES")]
    machines: PathBuf,
    /// For how many days
    #[arg(long, value_name = "N", default_value_t = 365, env = "BALLAST_DAYS", value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// Make those anew that are there already; the authority stays
    #[arg(long, env = "BALLAST_RENEW")]
    renew: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let mut hosts = arguments.host.clone();
    if arguments.machines.exists() {
        match Machines::load(&arguments.machines) {
            Ok(machines) => {
                let named = machines.all().iter().map(|machine| machine.address.host().to_owned());
                hosts.extend(named.collect::<BTreeSet<_>>());
            }
            Err(error) => return failure(&error),
        }
    }
    let Arguments { folder, days, renew, .. } = arguments;
    let order =
        Order { folder: folder.clone(), hosts, days: *days, renew: *renew, now: OffsetDateTime::now_utc() };
    match make(&order) {
        Ok(members) => answer(&said(&order, &members)),
        Err(error) => failure(&error),
    }
}

fn said(order: &Order, members: &[Member]) -> String {
    let width = members.iter().map(|member| member.host.len()).max().unwrap_or(0).max("authority".len());
    let folder = order.folder.display();
    let mut text = format!(
        "{:<width$}  {folder}/authority  keep key.pem to yourself: whoever has it lets in whom he likes\n",
        "authority"
    );
    for Member { host, folder, made } in members {
        let how = if *made { format!("for {} days", order.days) } else { "was there".to_owned() };
        let _ = writeln!(text, "{host:<width$}  {}  {how}", folder.display());
    }
    let _ = write!(text, "\nOn this machine: export BALLAST_TLS={folder}/{LOCAL}\n");
    if members.len() > 1 {
        text.push_str("On each other machine: copy its folder there, and name it by --tls or BALLAST_TLS.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_to_do_next() {
        let order = Order {
            folder: "certificates".into(),
            hosts: vec![],
            days: 30,
            renew: false,
            now: OffsetDateTime::UNIX_EPOCH,
        };
        let member =
            |host: &str, made| Member { host: host.to_owned(), folder: order.folder.join(host), made };
        let text = said(&order, &[member("localhost", false), member("10.0.0.7", true)]);
        insta::assert_snapshot!(text.trim_end(), @"
        authority  certificates/authority  keep key.pem to yourself: whoever has it lets in whom he likes
        localhost  certificates/localhost  was there
        10.0.0.7   certificates/10.0.0.7  for 30 days

        On this machine: export BALLAST_TLS=certificates/localhost
        On each other machine: copy its folder there, and name it by --tls or BALLAST_TLS.
        ");
    }
}
