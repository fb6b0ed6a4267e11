//! How often one machine may connect and call: a meter for each address, and a table of them that does not grow.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const SECOND_NS: u64 = 1_000_000_000;
/// Addresses with a meter of their own.
const MOST_ADDRESSES: usize = 4_096;
/// Time between two looks for addresses that are quiet, while the table is full.
const SWEEP_NS: u64 = SECOND_NS;

/// Bounds on what one machine may ask for, in events a second; a second's worth may come at once. An IPv6 network of 64
/// bits counts as one machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// New connections; none: as many as come.
    pub connections: Option<u32>,
    /// Calls over all connections; none: as many as come.
    pub calls: Option<u32>,
    /// Whether this machine's own programs are bounded too.
    pub loopback: bool,
}

/// What one machine asked for of late.
#[derive(Debug, Default)]
pub(super) struct Meter {
    connections: Bucket,
    calls: Bucket,
}

/// Events so far, as the time until which they are paid for: the generic cell rate algorithm, of one number.
#[derive(Debug, Default)]
struct Bucket {
    paid_until_ns: AtomicU64,
}

/// The meters of a port.
#[derive(Debug)]
pub(super) struct Meters {
    rates: Rates,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    by_address: HashMap<IpAddr, Arc<Meter>>,
    /// Of all addresses for which the table has no place.
    others: Arc<Meter>,
    swept_ns: u64,
}

impl Bucket {
    /// Takes an event if one may come at `now_ns`.
    fn take(&self, rate: u32, now_ns: u64) -> bool {
        let cost = SECOND_NS / u64::from(rate.max(1));
        let taken = self.paid_until_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid| {
            let paid = paid.max(now_ns).saturating_add(cost);
            (paid - now_ns <= SECOND_NS.max(cost)).then_some(paid)
        });
        taken.is_ok()
    }

    fn is_quiet(&self, now_ns: u64) -> bool {
        self.paid_until_ns.load(Ordering::Relaxed) <= now_ns
    }
}

impl Meters {
    pub(super) fn new(rates: Rates) -> Meters {
        Meters { rates, table: Mutex::default() }
    }

    /// A connection from `peer`: its meter, or none if nothing bounds it.
    ///
    /// # Errors
    /// If too many came.
    pub(super) fn connect(&self, peer: IpAddr, now_ns: u64) -> Result<Option<Arc<Meter>>, TooMany> {
        let Rates { connections, calls, loopback } = self.rates;
        let peer = peer.to_canonical();
        if (connections.is_none() && calls.is_none()) || (peer.is_loopback() && !loopback) {
            return Ok(None);
        }
        let meter = self.meter(machine(peer), now_ns);
        match connections {
            Some(rate) if !meter.connections.take(rate, now_ns) => Err(TooMany { rate }),
            _ => Ok(Some(meter)),
        }
    }

    /// A call of a machine with such a meter.
    ///
    /// # Errors
    /// If too many came.
    pub(super) fn call(&self, meter: &Meter, now_ns: u64) -> Result<(), TooMany> {
        match self.rates.calls {
            Some(rate) if !meter.calls.take(rate, now_ns) => Err(TooMany { rate }),
            _ => Ok(()),
        }
    }

    fn meter(&self, machine: IpAddr, now_ns: u64) -> Arc<Meter> {
        // No change to the table can be interrupted half-way by a panic.
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = table.by_address.get(&machine) {
            return Arc::clone(meter);
        }
        if table.by_address.len() >= MOST_ADDRESSES && now_ns.saturating_sub(table.swept_ns) >= SWEEP_NS {
            table.swept_ns = now_ns;
            // One that nobody holds and that owes nothing is as good as a new one.
            table.by_address.retain(|_, meter| Arc::strong_count(meter) > 1 || !meter.is_quiet(now_ns));
        }
        if table.by_address.len() >= MOST_ADDRESSES {
            return Arc::clone(&table.others);
        }
        Arc::clone(table.by_address.entry(machine).or_default())
    }
}

impl Meter {
    fn is_quiet(&self, now_ns: u64) -> bool {
        self.connections.is_quiet(now_ns) && self.calls.is_quiet(now_ns)
    }
}

/// More came than may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany {
    /// How many may come a second.
    pub(super) rate: u32,
}

/// An address as that of a machine: whoever has one IPv6 address has all of its network.
fn machine(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn meters(connections: u32, calls: u32) -> Meters {
        Meters::new(Rates { connections: Some(connections), calls: Some(calls), loopback: false })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_seconds_worth_may_come_at_once_and_then_one_after_another() {
        let meters = meters(4, 1);
        let comes = |at_ms: u64| meters.connect(address("10.0.0.7"), at_ms * 1_000_000).is_ok();
        let came: Vec<bool> = [0, 0, 0, 0, 0, 249, 250, 250, 10_000].into_iter().map(comes).collect();
        assert_eq!(came, [true, true, true, true, false, false, true, false, true]);
        assert_eq!(meters.connect(address("10.0.0.8"), 0).map(|_| ()), Ok(()), "another machine");
    }

    #[test]
    fn calls_are_counted_over_all_connections_of_a_machine() {
        let meters = meters(100, 2);
        let of = |text| meters.connect(address(text), 0).unwrap().unwrap();
        let (one, same, other) = (of("2001:db8::1"), of("2001:db8::ffff:1"), of("2001:db8:0:1::1"));
        assert_eq!(meters.call(&one, 0), Ok(()));
        assert_eq!(meters.call(&same, 0), Ok(()));
        assert_eq!(meters.call(&same, 0), Err(TooMany { rate: 2 }));
        assert_eq!(meters.call(&other, 0), Ok(()));
    }

    #[test]
    fn this_machine_is_not_bounded_unless_that_is_wanted() {
        for local in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(matches!(meters(1, 1).connect(address(local), 0), Ok(None)), "{local}");
        }
        let meters = Meters::new(Rates { connections: Some(1), calls: None, loopback: true });
        assert!(meters.connect(address("127.0.0.1"), 0).unwrap().is_some());
        assert!(meters.connect(address("127.0.0.1"), 0).is_err());
        assert!(matches!(Meters::new(Rates::default()).connect(address("10.0.0.7"), 0), Ok(None)));
    }

    #[test]
    fn the_table_does_not_grow_and_forgets_who_is_quiet() {
        let meters = meters(1, 1);
        let nth = |number: u32| IpAddr::V4(number.into());
        let held = meters.connect(nth(0), 0).unwrap();
        for number in 1..3 * MOST_ADDRESSES as u32 {
            let _ = meters.connect(nth(number), 0);
        }
        let places = || meters.table.lock().unwrap().by_address.len();
        assert_eq!(places(), MOST_ADDRESSES);
        assert!(meters.connect(nth(900_000), 0).is_err(), "those without a place share one meter");
        assert!(meters.connect(nth(900_001), 5 * SECOND_NS).is_ok());
        assert_eq!(places(), 2, "the one that is held, and the new one");
        drop(held);
    }

    proptest! {
        /// However events come, in any span of time no more are taken than the rate and one second's worth.
        #[test]
        fn no_more_are_taken_than_the_rate_allows(rate in 1_u32..5_000, gaps in prop::collection::vec(0_u64..2_000_000, 1..2_000)) {
            let (bucket, mut now, mut taken) = (Bucket::default(), SECOND_NS, 0_u64);
            for gap in gaps {
                now += gap;
                taken += u64::from(bucket.take(rate, now));
            }
            let span = now - SECOND_NS;
            let cost = SECOND_NS / u64::from(rate);
            prop_assert!(taken <= span / cost + SECOND_NS / cost + 1, "{taken} in {span} ns");
        }

        /// Who keeps to the rate is never refused.
        #[test]
        fn an_even_stream_at_the_rate_passes(rate in 1_u32..5_000) {
            let bucket = Bucket::default();
            let gap = SECOND_NS.div_ceil(u64::from(rate));
            prop_assert!((0..500).all(|number| bucket.take(rate, SECOND_NS + number * gap)));
        }
    }
}
