//! The recorded usage of the GIL, checked against a plain list of holds.

use proptest::prelude::*;
use proptest::sample::select;
use threadline::model::{
    Completion, ComputeSpec, Event, EventKind, GilCell, GilUsage, LaneId, Mode, Nanos, Plan,
    Product, Run, State, TaskId, TaskOutcome, WorkSpec,
};

use super::config;

const LANES: u16 = 3;

/// A run whose lanes follow the GIL protocol, and a plain list of their holds.
struct GilOracle {
    run: Run,
    now: u64,
    /// The lane, start and end of each hold. The last one is still open while there is a `holder`.
    holds: Vec<(u16, u64, u64)>,
    /// The lane that holds the GIL, and the time since which it is between two tasks.
    holder: Option<(u16, Option<u64>)>,
    /// The current task of each lane.
    tasks: [Option<TaskId>; LANES as usize],
    started: u32,
    /// The time since which each lane waits.
    waiting: [Option<u64>; LANES as usize],
    waited: u64,
}

impl GilOracle {
    fn new(steps: &[(u16, u64, u8)]) -> Self {
        let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, LANES, 400_000);
        let mut oracle = Self {
            run: Run::opened(plan),
            now: 0,
            holds: Vec::new(),
            holder: None,
            tasks: [None; LANES as usize],
            started: 0,
            waiting: [None; LANES as usize],
            waited: 0,
        };
        for &(lane, pause, choice) in steps {
            oracle.now += pause;
            oracle.step(lane % LANES, choice);
        }
        if let (Some((_, between_since)), Some(last)) = (oracle.holder, oracle.holds.last_mut()) {
            last.2 = between_since.unwrap_or(oracle.now);
        }
        oracle
    }

    fn apply(&mut self, lane: u16, kind: EventKind) {
        self.run.apply(&Event { at: Nanos(self.now), lane: LaneId(lane), kind });
        let since = &mut self.waiting[usize::from(lane)];
        if self.run.lanes()[usize::from(lane)].state() == State::LockWait {
            since.get_or_insert(self.now);
        } else {
            self.waited += since.take().map_or(0, |since| self.now - since);
        }
    }

    /// Applies an event that is valid for the lane now, selected by `choice`.
    fn step(&mut self, lane: u16, choice: u8) {
        let task = self.tasks[usize::from(lane)];
        match (self.holder, task) {
            (Some((holder, None)), Some(task)) if holder == lane && choice.is_multiple_of(4) => {
                self.holder = Some((lane, Some(self.now)));
                self.tasks[usize::from(lane)] = None;
                let done = Completion { response: None, product: Product::Value(1) };
                self.apply(
                    lane,
                    EventKind::TaskFinished { task, outcome: TaskOutcome::Done(done) },
                );
            }
            (Some((holder, between_since)), _) if holder == lane && !choice.is_multiple_of(3) => {
                self.end_hold(between_since);
                let state = [State::LockWait, State::Native, State::Idle][usize::from(choice % 3)];
                self.apply(lane, EventKind::StateEntered { state });
            }
            (Some((holder, None)), _) if holder != lane => {
                let state = [State::LockWait, State::Waiting][usize::from(choice % 2)];
                self.apply(lane, EventKind::StateEntered { state });
            }
            (holder, task) => {
                match holder {
                    Some((holder, _)) if holder == lane => {}
                    Some((_, between_since)) => self.end_hold(between_since),
                    None => {}
                }
                if self.holder.is_none() {
                    self.holds.push((lane, self.now, self.now));
                }
                self.holder = Some((lane, None));
                let kind = match task {
                    None if choice.is_multiple_of(2) => {
                        self.started += 1;
                        self.tasks[usize::from(lane)] = Some(TaskId(self.started));
                        EventKind::TaskStarted { task: TaskId(self.started) }
                    }
                    _ => EventKind::StateEntered { state: State::Computing },
                };
                self.apply(lane, kind);
            }
        }
    }

    fn end_hold(&mut self, between_since: Option<u64>) {
        self.holds.last_mut().unwrap().2 = between_since.unwrap_or(self.now);
        self.holder = None;
    }

    fn gil(&self) -> GilUsage<'_> {
        self.run.gil().unwrap()
    }

    /// Returns the time that each lane held the GIL in [a, b).
    fn hold_times(&self, a: u64, b: u64) -> [u64; LANES as usize] {
        let mut held = [0; LANES as usize];
        for &(lane, start, end) in &self.holds {
            held[usize::from(lane)] += end.min(b).saturating_sub(start.max(a));
        }
        held
    }
}

fn steps() -> impl Strategy<Value = Vec<(u16, u64, u8)>> {
    // The longest pause does not fit into the packed representation.
    let pause = prop_oneof![8 => 0..60_u64, 1 => 200..900_u64, 1 => select(vec![5_000_000_000])];
    prop::collection::vec((0..LANES, pause, any::<u8>()), 0..400)
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn held_share_of_any_range_matches_the_holds(
        steps in steps(),
        ranges in prop::collection::vec((0..2_000_u64, 1..2_000_u64, any::<bool>()), 12),
    ) {
        let oracle = GilOracle::new(&steps);
        let gil = oracle.gil();
        for (from, length, per_mille) in ranges {
            // In nanoseconds near the start, or in thousandths of the whole run.
            let unit = if per_mille { oracle.now / 1_000 + 1 } else { 1 };
            let (a, b) = (from * unit, ((from + length) * unit).min(oracle.now));
            if a >= b {
                prop_assert!(gil.share_between(Nanos(a), Nanos(b)).share <= 0.0);
                continue;
            }
            let lanes = oracle.hold_times(a, b);
            let share = lanes.iter().sum::<u64>() as f64 / (b - a) as f64;
            let held = gil.share_between(Nanos(a), Nanos(b));
            prop_assert!((held.share - share).abs() < 1e-9, "{} {share}", held.share);
            let inside = oracle.holds.iter().filter(|(_, start, end)| *start < b && *end > a);
            match held.main_holder {
                Some(LaneId(lane)) => {
                    let most = lanes.iter().max().unwrap();
                    prop_assert_eq!(&lanes[usize::from(lane)], most);
                    prop_assert!(*most > 0);
                }
                None => prop_assert!(share == 0.0 || inside.count() > 64),
            }
        }
        let held: u64 = oracle.hold_times(0, oracle.now).iter().sum();
        let share = held as f64 / oracle.now.max(1) as f64;
        prop_assert!((gil.held_share(Nanos(oracle.now)) - share).abs() < 1e-9);
    }

    #[test]
    fn gil_cells_match_the_holds(
        steps in steps(),
        first in 0..20_u64,
        width in prop_oneof![8..400_u64, 400..9_000_u64],
    ) {
        let oracle = GilOracle::new(&steps);
        let until = oracle.now.min(first * width + width * 200);
        let cells = oracle.gil().cells(Nanos(first * width), Nanos(width), 200, Nanos(until));
        let cells: Vec<GilCell> = cells.collect();
        prop_assert_eq!(cells.len() as u64, until.saturating_sub(first * width).div_ceil(width));
        for (start, cell) in (first * width..).step_by(width as usize).zip(cells) {
            let lanes = oracle.hold_times(start, (start + width).min(until));
            let held: u64 = lanes.iter().sum();
            let time = |holder: Option<LaneId>| {
                holder.map_or(width - held, |LaneId(lane)| lanes[usize::from(lane)])
            };
            // Segments too short to draw take up to an eighth; edges are rounded.
            let (tolerance, max_hidden) = (width / 16 + 1, width / 8 + 1);
            match cell {
                GilCell::Whole(holder) => {
                    prop_assert!(time(holder) + max_hidden + tolerance >= width);
                }
                GilCell::Edge { left, right, eighths } => {
                    prop_assert!(left != right && (1..=7).contains(&eighths));
                    let off = time(left).abs_diff(u64::from(eighths) * width / 8);
                    prop_assert!(off <= tolerance + max_hidden, "{off} of {width}: {lanes:?}");
                    prop_assert!(time(left) + time(right) + max_hidden >= width);
                }
                GilCell::Merged { lane, eighths } => {
                    prop_assert_eq!(u64::from(eighths), ((held * 8 + width / 2) / width).clamp(1, 8));
                    let most = lanes.iter().copied().max();
                    prop_assert!(lane.is_none_or(|lane| Some(time(Some(lane))) == most));
                }
            }
        }
    }

    #[test]
    fn gil_statistics_match_the_holds(steps in steps()) {
        let oracle = GilOracle::new(&steps);
        let (gil, now) = (oracle.gil(), Nanos(oracle.now));
        prop_assert_eq!(gil.violation_count(), 0);
        let switches = oracle.holds.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
        prop_assert_eq!(gil.switch_count() as usize, switches);
        let longest = oracle.holds.iter().map(|(_, start, end)| end - start).max();
        let found = gil.longest_hold(now);
        prop_assert_eq!(found.map(|hold| hold.length.0), longest);
        if let Some(hold) = found {
            let same = (hold.lane.0, hold.start.0, hold.start.0 + hold.length.0);
            prop_assert!(oracle.holds.contains(&same));
        }
        let waits = oracle.waiting.iter().flatten();
        let cost = oracle.waited + waits.clone().map(|since| oracle.now - since).sum::<u64>();
        prop_assert_eq!(gil.wait_time(now).0, cost);
        prop_assert_eq!(gil.waiter_count(), waits.count());
        let difference = gil.mean_waiters(now) * oracle.now as f64 - cost as f64;
        prop_assert!(difference.abs() < 1e-3 * cost as f64 + 1.0);
        let holder = oracle.holder.filter(|(_, between_since)| between_since.is_none());
        prop_assert!(holder.is_none_or(|(lane, _)| gil.holder() == Some(LaneId(lane))));
    }

    #[test]
    fn overlapping_holds_are_counted_as_violations(
        changes in prop::collection::vec((0..LANES, any::<u64>(), any::<bool>()), 0..200),
        a in any::<u64>(),
        b in any::<u64>(),
    ) {
        let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, LANES, 9);
        let mut run = Run::opened(plan);
        for (lane, at, computes) in changes {
            let state = if computes { State::Computing } else { State::LockWait };
            run.apply(&Event { at: Nanos(at), lane: LaneId(lane), kind: EventKind::StateEntered { state } });
            let two = run.lanes().iter().filter(|lane| lane.state() == State::Computing).count() > 1;
            prop_assert!(!two || run.gil().unwrap().violation_count() > 0);
        }
        let gil = run.gil().unwrap();
        prop_assert!((0.0..=1.0).contains(&gil.share_between(Nanos(a), Nanos(b)).share));
        prop_assert!((0.0..=1.0).contains(&gil.held_share(Nanos(a))));
    }
}

#[test]
fn only_gil_mode_has_gil_usage() {
    for mode in Mode::ALL {
        let run = Run::opened(Plan::new(WorkSpec::Cpu(ComputeSpec::default()), mode, 2, 8));
        assert_eq!(run.gil().is_some(), mode == Mode::Gil, "{mode}");
    }
}
