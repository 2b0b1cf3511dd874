//! Windows that move with the time they are told, in bounded memory.

use std::collections::VecDeque;

use super::rule::{Limit, Rule};
use super::tally::Tally;
use crate::statistics::Sample;

/// Into how many steps the window of a rate or an average is divided.
const STEPS: i64 = 60;

/// The events that a rule still looks at.
#[derive(Debug, Clone)]
pub(super) enum Window {
    /// Exact, as far as it matters: the latest begins, one more than allowed.
    Latest { begins_us: VecDeque<i64>, length_max: usize },
    /// In steps: sums of a sixtieth of the window each, and of all of them.
    Steps { steps: VecDeque<(i64, Tally)>, total: Tally, step_us: i64 },
}

impl Window {
    pub(super) fn of(rule: &Rule) -> Window {
        match rule.limit {
            Limit::EventsOver(max) => Window::Latest {
                begins_us: VecDeque::new(),
                length_max: usize::try_from(max.saturating_add(1)).unwrap_or(usize::MAX),
            },
            Limit::SuccessRateBelow(_) | Limit::AverageDurationOverMs(_) => Window::Steps {
                steps: VecDeque::new(),
                total: Tally::default(),
                step_us: (rule.window_us() / STEPS).max(1),
            },
        }
    }

    /// Adds an event that began at `at_us`, and lets go of what began before
    /// `start_us` or after `now_us`: a clock that was ahead for a while must not
    /// fill the window until time has caught up. Events may come in any order.
    pub(super) fn add(&mut self, at_us: i64, start_us: i64, now_us: i64, sample: &Sample<'_>) {
        match self {
            Window::Latest { begins_us, length_max } => {
                begins_us.truncate(begins_us.partition_point(|known| *known <= now_us));
                let place = begins_us.partition_point(|known| *known <= at_us);
                begins_us.insert(place, at_us);
                let late = begins_us.partition_point(|known| *known < start_us);
                begins_us.drain(..late.max(begins_us.len().saturating_sub(*length_max)));
            }
            Window::Steps { steps, total, step_us } => {
                let last = now_us.div_euclid(*step_us);
                let kept = steps.partition_point(|(step, _)| *step <= last);
                steps.drain(kept..).for_each(|(_, tally)| total.take_out(&tally));
                add_to_step(steps, at_us.div_euclid(*step_us), &Tally::of(sample));
                total.add(&Tally::of(sample));
                let first = start_us.div_euclid(*step_us);
                let late = steps.partition_point(|(step, _)| *step < first);
                steps.drain(..late).for_each(|(_, tally)| total.take_out(&tally));
            }
        }
    }

    pub(super) fn tally(&self) -> Tally {
        match self {
            Window::Latest { begins_us, .. } => {
                Tally { events: begins_us.len() as u64, ..Tally::default() }
            }
            Window::Steps { total, .. } => *total,
        }
    }
}

fn add_to_step(steps: &mut VecDeque<(i64, Tally)>, number: i64, tally: &Tally) {
    let place = steps.partition_point(|(step, _)| *step < number);
    match steps.get_mut(place) {
        Some((step, known)) if *step == number => known.add(tally),
        _ => steps.insert(place, (number, *tally)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Status;
    use std::time::Duration;

    const SAMPLE: Sample<'_> = Sample {
        operation: "STORE",
        status: Status::Success,
        timestamp_us: 0,
        duration_ns: Some(5),
        is_anonymous: false,
    };

    #[test]
    fn memory_is_bounded_by_the_rule() {
        let mut latest = Window::of(&Rule::events_over("r", 3, Duration::from_secs(3600)));
        let mut steps = Window::of(&Rule::success_rate_below("r", 0.5, Duration::from_secs(3600)));
        for at_us in 0..100_000_000 / 1_000 {
            let at_us = at_us * 1_000_000;
            latest.add(at_us, at_us - 3_600_000_000, at_us, &SAMPLE);
            steps.add(at_us, at_us - 3_600_000_000, at_us, &SAMPLE);
        }
        let Window::Latest { begins_us, .. } = &latest else { panic!("exact") };
        assert_eq!(begins_us.len(), 4);
        let Window::Steps { steps: kept, .. } = &steps else { panic!("steps") };
        assert_eq!(kept.len(), 61);
        let mut sum = Tally::default();
        kept.iter().for_each(|(_, tally)| sum.add(tally));
        assert_eq!(sum, steps.tally());
        assert_eq!((sum.events, sum.timed, sum.duration_ns), (3_640, 3_640, 5 * 3_640));
    }

    #[test]
    fn late_comers_count_if_they_are_in_the_window() {
        let mut window = Window::of(&Rule::events_over("r", 10, Duration::from_secs(1)));
        for at_us in [50, 10, 30, 9, 10] {
            window.add(at_us, 10, 50, &SAMPLE);
        }
        let Window::Latest { begins_us, .. } = &window else { panic!("exact") };
        assert_eq!(begins_us, &[10, 10, 30, 50]);
    }
}
