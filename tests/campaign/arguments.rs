//! What the command line says. The harness of other tests has arguments of its
//! own, which are passed over.

/// Cycles of a run among other tests.
const CYCLES_DEFAULT: u64 = 20;

/// What to run.
pub(crate) struct Arguments {
    pub(crate) cycles: u64,
    pub(crate) seed: u64,
}

/// None if other tests are asked for, or only their names.
pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Arguments> {
    let seed = u64::from(std::process::id());
    let mut parsed = Arguments { cycles: CYCLES_DEFAULT, seed };
    let mut filters = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let value = arguments.next().and_then(|value| value.parse().ok());
            value.expect("a number has to follow --cycles and --seed")
        };
        match argument.as_str() {
            "--cycles" => parsed.cycles = number(),
            "--seed" => parsed.seed = number(),
            "--list" | "--ignored" => return None,
            // Values of the harness's own arguments.
            "--skip" | "--test-threads" | "--color" | "--format" => drop(arguments.next()),
            filter if !filter.starts_with('-') => filters.push(argument),
            _ => {}
        }
    }
    let is_meant = |filter: &String| "campaign".contains(filter.as_str());
    (filters.is_empty() || filters.iter().any(is_meant)).then_some(parsed)
}
