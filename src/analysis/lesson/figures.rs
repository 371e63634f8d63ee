//! The figures of a lesson's runs.

use crate::analysis::program::ProgramSummary;
use crate::analysis::stats;
use crate::model::lesson::{ConditionSide, LessonCondition, LessonFigure, Quantity};
use crate::model::{Lane, Nanos, Run, State};

/// The runs that a question's figures are about.
#[derive(Clone, Copy, Debug)]
pub struct LessonRuns<'run> {
    /// The runs of the question.
    pub current: &'run [Run],
    /// The runs of the question before, or empty.
    pub earlier: &'run [Run],
}

impl LessonRuns<'_> {
    /// Returns a figure in the unit of its quantity. Returns `None` if there is no such run, if it is not
    /// complete, or if it has no such figure.
    pub fn measure(&self, figure: LessonFigure) -> Option<f64> {
        let runs = if figure.is_earlier { self.earlier } else { self.current };
        let run = runs.iter().find(|run| run.plan().mode == figure.mode)?;
        let is_over = run.is_comparable() || (run.program().is_some() && run.is_over());
        let end = run.elapsed(Nanos::ZERO);
        if !is_over || end == Nanos::ZERO {
            return None;
        }
        Some(match figure.quantity {
            Quantity::Seconds => end.as_secs_f64(),
            Quantity::SpeedUp => stats::speed_up(self.baseline(figure.is_earlier)?, end)?,
            Quantity::Workers => f64::from(run.plan().workers),
            Quantity::Tasks => f64::from(run.progress().known_tasks()),
            Quantity::Waves => f64::from(run.waves()?.count),
            Quantity::TaskSeconds => {
                let mut times: Vec<Nanos> = run.task_durations().collect();
                stats::percentile(&mut times, 0.5)?.as_secs_f64()
            }
            Quantity::LongestQueue => queue_times(run).max()?.as_secs_f64(),
            Quantity::MeanQueue => mean(queue_times(run).map(Nanos::as_secs_f64))?,
            Quantity::MostInWork => f64::from(run.timing().in_flight_level().peak()),
            Quantity::Share(state) => share_of(run, end, &[state]),
            Quantity::Cores => cores(run, end),
            Quantity::GilHeld
            | Quantity::GilWaiters
            | Quantity::HandOvers
            | Quantity::LongestHold => gil_figure(run, end, figure.quantity)?,
        })
    }

    /// Returns whether a condition holds, or `None` if one of its figures is missing.
    pub fn holds(&self, condition: &LessonCondition) -> Option<bool> {
        let (left, right) = (self.side(condition.left)?, self.side(condition.right)?);
        Some(condition.comparison.holds(left, right))
    }

    /// The sequential time that speed-ups refer to.
    pub fn baseline(&self, is_earlier: bool) -> Option<Nanos> {
        let own = if is_earlier { self.earlier } else { self.current };
        stats::sequential_time(own).or_else(|| stats::sequential_time(self.earlier))
    }

    fn side(&self, side: ConditionSide) -> Option<f64> {
        Some(match side.figure {
            Some(figure) => side.factor * self.measure(figure)?,
            None => side.factor,
        })
    }
}

/// Returns the share of the workers' time in these states.
fn share_of(run: &Run, end: Nanos, states: &[State]) -> f64 {
    let times = run.state_times_between(Nanos::ZERO, end);
    let spent: u64 = states.iter().map(|&state| times[state]).sum();
    spent as f64 / (end.0 as f64 * run.lanes().len().max(1) as f64)
}

/// Returns a figure of the GIL. That of a watched program is the same as in its totals.
fn gil_figure(run: &Run, end: Nanos, quantity: Quantity) -> Option<f64> {
    if let Some(program) = ProgramSummary::new(run, end) {
        let gil = program.gils.first()?;
        return Some(match quantity {
            Quantity::GilHeld => gil.held,
            Quantity::GilWaiters => gil.waiters_mean,
            Quantity::HandOvers => gil.hand_overs_per_second,
            _ => gil.longest_hold?.time.as_secs_f64(),
        });
    }
    let gil = run.gil()?;
    Some(match quantity {
        Quantity::GilHeld => gil.held_share(end),
        Quantity::GilWaiters => gil.mean_waiters(end),
        Quantity::HandOvers => gil.switches_per_second(end),
        _ => gil.longest_hold(end)?.length.as_secs_f64(),
    })
}

/// Returns the mean number of lanes that were on a CPU, or computed.
fn cores(run: &Run, end: Nanos) -> f64 {
    let program = ProgramSummary::new(run, end);
    program.map_or_else(
        || share_of(run, end, &[State::Computing, State::Native]) * run.lanes().len() as f64,
        |program| program.totals.on_cpu_cores,
    )
}

/// Returns the times that the tasks waited in the queue before their first attempt.
fn queue_times(run: &Run) -> impl Iterator<Item = Nanos> + '_ {
    let spans = run.lanes().iter().flat_map(Lane::spans);
    let first = spans.filter(|span| span.attempt <= 1);
    first.filter_map(|span| Some(span.start.since(run.timing().enqueue_time(span.task)?)))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}
