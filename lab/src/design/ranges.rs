//! Numbers that are numbers but cannot be what they are for: no slots, a rate below zero, a fault that ends before it begins.

use super::error::Fault;
use super::fields::{FaultKind, Fields, Nodes};
use super::values::Each;

/// Checks the numbers of a file, each by itself.
pub(super) fn check(fields: &Fields) -> Result<(), Fault> {
    nodes(&fields.nodes)?;
    arrivals(fields)?;
    if let Some(why) = fields.work.service.as_ref().and_then(|service| service.0.fault()) {
        return Err(Fault::new("work.service", why));
    }
    let rules = &fields.scheduler;
    for (name, value) in [("max_in_flight", rules.max_in_flight), ("max_attempts", rules.max_attempts)] {
        at_least_one(&format!("scheduler.{name}"), value)?;
    }
    for (name, time) in [("attempt_timeout", &rules.attempt_timeout), ("stale", &rules.stale)] {
        if time.as_ref().is_some_and(|time| time.0.is_zero()) {
            return Err(Fault::new(
                format!("scheduler.{name}"),
                "this is a time above 0, or not there at all",
            ));
        }
    }
    faults(fields)
}

fn at_least_one(path: &str, value: Option<u32>) -> Result<(), Fault> {
    if value == Some(0) { Err(Fault::new(path, "this is a whole number from 1 up")) } else { Ok(()) }
}

fn above_zero(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn all<T>(each: Option<&Each<T>>) -> impl Iterator<Item = &T> {
    let list = each.map_or(&[][..], |each| match each {
        Each::All(one) => std::slice::from_ref(one),
        Each::By(list) => list,
    });
    list.iter()
}

fn nodes(nodes: &Nodes) -> Result<(), Fault> {
    for (name, each) in [("slots", &nodes.slots), ("processors", &nodes.processors)] {
        if all(each.as_ref()).any(|count| *count == 0) {
            let why = "every node has at least 1: give whole numbers from 1 up";
            return Err(Fault::new(format!("nodes.{name}"), why));
        }
    }
    if !all(nodes.speed.as_ref()).all(|speed| above_zero(*speed)) {
        let why = "a speed is a number above 0: 2 is twice as fast as 1";
        return Err(Fault::new("nodes.speed", why));
    }
    match all(nodes.wire.as_ref()).find_map(|wire| wire.fault()) {
        Some(why) => Err(Fault::new("nodes.wire", why)),
        None => Ok(()),
    }
}

fn arrivals(fields: &Fields) -> Result<(), Fault> {
    let arrivals = &fields.arrivals;
    if arrivals.rate.as_ref().is_some_and(|rate| !above_zero(rate.0)) {
        return Err(Fault::new("arrivals.rate", "this is arrivals a second: a number above 0"));
    }
    for (name, value) in
        [("tasks", arrivals.tasks), ("clients", arrivals.clients), ("max_open", arrivals.max_open)]
    {
        at_least_one(&format!("arrivals.{name}"), value)?;
    }
    match arrivals.think.as_ref().and_then(|think| think.0.fault()) {
        Some(why) => Err(Fault::new("arrivals.think", why)),
        None => Ok(()),
    }
}

fn faults(fields: &Fields) -> Result<(), Fault> {
    for (number, fault) in fields.faults.iter().enumerate() {
        let at = |name: &str, why: &str| Err(Fault::new(format!("faults.{number}.{name}"), why));
        if fault.until.0 <= fault.from.0 {
            return at("until", "a fault ends after it begins: until has to be later than from");
        }
        if fault.factor.as_ref().is_some_and(|factor| !above_zero(factor.0)) {
            return at("factor", "how many times slower: a number above 0, such as 10");
        }
        if fault.kind == FaultKind::Hang && fields.scheduler.attempt_timeout.is_none() {
            let why = "who waits for a node that hangs waits for ever: set scheduler.attempt_timeout, such as \"5s\"";
            return at("kind", why);
        }
        let meets = |other: &&super::fields::Fault| {
            other.node == fault.node && other.from.0 < fault.until.0 && fault.from.0 < other.until.0
        };
        if fields.faults[..number].iter().any(|other| meets(&other)) {
            return at(
                "from",
                "this node has another fault at that time: let one end before the next begins",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    const FILE: &str = "name = \"x\"\npolicies = [\"random\"]\n[nodes]\ncount = 2\n[arrivals]\nkind = \"poisson\"\nrate = 5\n\
                        tasks = 9\n[work]\nservice = \"1ms\"\n";

    fn error(from: &str, to: &str) -> String {
        assert!(FILE.contains(from));
        parse(&FILE.replace(from, to), &[]).unwrap_err().to_string()
    }

    #[test]
    fn numbers_that_cannot_be_are_told_with_line_and_remedy() {
        parse(FILE, &[]).unwrap();
        insta::assert_snapshot!(error("rate = 5", "rate = -5"), @"line 7: arrivals.rate: this is arrivals a second: a number above 0");
        insta::assert_snapshot!(error("tasks = 9", "tasks = 0"), @"line 8: arrivals.tasks: this is a whole number from 1 up");
        insta::assert_snapshot!(error("count = 2", "count = 2\nslots = [1, 0]"), @"line 5: nodes.slots: every node has at least 1: give whole numbers from 1 up");
        insta::assert_snapshot!(error("count = 2", "count = 2\nspeed = -1"), @"line 5: nodes.speed: a speed is a number above 0: 2 is twice as fast as 1");
        insta::assert_snapshot!(error("[work]", "[scheduler]\nmax_in_flight = 0\n[work]"), @"line 10: scheduler.max_in_flight: this is a whole number from 1 up");
        insta::assert_snapshot!(error("[work]", "[scheduler]\nstale = \"0s\"\n[work]"), @"line 10: scheduler.stale: this is a time above 0, or not there at all");
    }

    #[test]
    fn faults_that_cannot_be_are_told_with_line_and_remedy() {
        let fault = |lines: &str| error("[work]", &format!("[[faults]]\nnode = 0\n{lines}\n[work]"));
        insta::assert_snapshot!(fault("kind = \"crash\"\nfrom = \"5s\"\nuntil = \"3s\""), @"line 13: faults.0.until: a fault ends after it begins: until has to be later than from");
        insta::assert_snapshot!(fault("kind = \"slow\"\nfactor = -1\nfrom = \"1s\"\nuntil = \"3s\""), @"line 12: faults.0.factor: how many times slower: a number above 0, such as 10");
        insta::assert_snapshot!(fault("kind = \"hang\"\nfrom = \"1s\"\nuntil = \"3s\""), @r#"line 11: faults.0.kind: who waits for a node that hangs waits for ever: set scheduler.attempt_timeout, such as "5s""#);
        let twice = "kind = \"crash\"\nfrom = \"1s\"\nuntil = \"3s\"\n[[faults]]\nnode = 0\nkind = \"crash\"\nfrom = \"2s\"\nuntil = \"4s\"";
        insta::assert_snapshot!(fault(twice), @"line 17: faults.1.from: this node has another fault at that time: let one end before the next begins");
    }
}
