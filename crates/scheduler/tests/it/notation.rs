//! The notation of strategies: what is printed reads back as the same, and no text makes the parser panic.

use proptest::prelude::{any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy as Generator};
use scheduler::{Strategy, policy};

/// A policy with some of its parameters spelled out and some wrappers.
fn any_text() -> impl Generator<Value = String> {
    let age = prop_oneof![
        (1u32..100_000).prop_map(|age| format!("{age}ms")),
        (1u32..100).prop_map(|percent| format!("p{percent}")),
        (1u32..1_000).prop_map(|factor| format!("{factor}x")),
        Just("auto".to_owned()),
    ];
    let hedge = (age, 1u32..=16, 0u32..=100).prop_map(|(age, copies, idle)| {
        format!("+hedge[after={age},copies={copies},idle={}]", f64::from(idle) / 100.0)
    });
    let hedge = prop_oneof![Just(String::new()), Just("+hedge".to_owned()), hedge];
    let budget = prop_oneof![
        Just(String::new()),
        (0u32..100, 1u32..1_000).prop_map(|(share, reserve)| {
            format!("+retry_budget[share={},reserve={reserve}]", f64::from(share) / 10.0)
        }),
    ];
    (any::<prop::sample::Index>(), any::<u64>(), hedge, budget).prop_map(|(entry, chosen, hedge, budget)| {
        let entry = &policy::ALL[entry.index(policy::ALL.len())];
        let chosen = entry.parameters.iter().enumerate().filter(|(place, _)| chosen >> place & 1 == 1);
        let pairs: Vec<String> =
            chosen.map(|(_, parameter)| format!("{}={}", parameter.name, parameter.default)).collect();
        let list = if pairs.is_empty() { String::new() } else { format!("[{}]", pairs.join(",")) };
        format!("{}{list}{hedge}{budget}", entry.name)
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(text in any_text()) {
        let strategy: Strategy = text.parse().unwrap();
        prop_assert_eq!(strategy.to_string(), text.clone());
        let spaced = text.replace('+', " + ").replace('[', " [ ").replace(']', " ] ").replace('=', " = ");
        prop_assert_eq!(spaced.parse::<Strategy>().unwrap().to_string(), text);
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        text in "(random|ballast|peak_ewma|hedge|retry_budget|after|samples|[a-z0-9]{0,3}|[\\[\\],=+ ]|é|∞|-1|1e999){0,12}",
    ) {
        if let Ok(strategy) = text.parse::<Strategy>() {
            prop_assert_eq!(strategy.to_string().parse::<Strategy>().unwrap().to_string(), strategy.to_string());
        }
    }
}
