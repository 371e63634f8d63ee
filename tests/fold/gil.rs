//! Who held the GIL, against a plain list of holds.

use proptest::prelude::*;
use proptest::sample::select;
use threadline::model::{
    Completion, ComputeSpec, Event, EventKind, GilCell, GilUsage, LaneId, Mode, Nanos, Plan,
    Product, Run, State, TaskId, TaskOutcome, WorkSpec,
};

use super::config;

const LANES: u16 = 3;

/// A run whose lanes take turns as the protocol has it, and what they did in a plain list.
struct GilOracle {
    run: Run,
    now: u64,
    /// Each hold: whose, and from when to when; the last goes on while `holder` has it.
    holds: Vec<(u16, u64, u64)>,
    /// Who has it, and since when it is between two tasks.
    holder: Option<(u16, Option<u64>)>,
    /// The task that each lane does.
    tasks: [Option<TaskId>; LANES as usize],
    started: u32,
    /// Since when each lane waits.
    waiting: [Option<u64>; LANES as usize],
    waited: u64,
}

impl GilOracle {
    fn new(steps: &[(u16, u64, u8)]) -> Self {
        let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, LANES, 400_000);
        let mut told = Self {
            run: Run::new(plan),
            now: 0,
            holds: Vec::new(),
            holder: None,
            tasks: [None; LANES as usize],
            started: 0,
            waiting: [None; LANES as usize],
            waited: 0,
        };
        for &(lane, pause, what) in steps {
            told.now += pause;
            told.step(lane % LANES, what);
        }
        if let (Some((_, between)), Some(last)) = (told.holder, told.holds.last_mut()) {
            last.2 = between.unwrap_or(told.now);
        }
        told
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

    /// Something that a lane can do now, chosen by `what`.
    fn step(&mut self, lane: u16, what: u8) {
        let task = self.tasks[usize::from(lane)];
        match (self.holder, task) {
            (Some((holder, None)), Some(task)) if holder == lane && what.is_multiple_of(4) => {
                self.holder = Some((lane, Some(self.now)));
                self.tasks[usize::from(lane)] = None;
                let done = Completion { response: None, product: Product::Value(1) };
                self.apply(
                    lane,
                    EventKind::TaskFinished { task, outcome: TaskOutcome::Done(done) },
                );
            }
            (Some((holder, between)), _) if holder == lane && !what.is_multiple_of(3) => {
                self.end(between);
                let state = [State::LockWait, State::Native, State::Idle][usize::from(what % 3)];
                self.apply(lane, EventKind::StateEntered { state });
            }
            (Some((holder, None)), _) if holder != lane => {
                let state = [State::LockWait, State::Waiting][usize::from(what % 2)];
                self.apply(lane, EventKind::StateEntered { state });
            }
            (holder, task) => {
                match holder {
                    Some((holder, _)) if holder == lane => {}
                    Some((_, between)) => self.end(between),
                    None => {}
                }
                if self.holder.is_none() {
                    self.holds.push((lane, self.now, self.now));
                }
                self.holder = Some((lane, None));
                let kind = match task {
                    None if what.is_multiple_of(2) => {
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

    fn end(&mut self, between: Option<u64>) {
        self.holds.last_mut().unwrap().2 = between.unwrap_or(self.now);
        self.holder = None;
    }

    fn gil(&self) -> GilUsage<'_> {
        self.run.gil().unwrap()
    }

    /// How long it was held in [a, b), by each lane.
    fn held(&self, a: u64, b: u64) -> [u64; LANES as usize] {
        let mut held = [0; LANES as usize];
        for &(lane, start, end) in &self.holds {
            held[usize::from(lane)] += end.min(b).saturating_sub(start.max(a));
        }
        held
    }
}

fn steps() -> impl Strategy<Value = Vec<(u16, u64, u8)>> {
    // The last is longer than a packed pause can be.
    let pause = prop_oneof![8 => 0..60_u64, 1 => 200..900_u64, 1 => select(vec![5_000_000_000])];
    prop::collection::vec((0..LANES, pause, any::<u8>()), 0..400)
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn any_stretch_was_held_as_long_as_the_holds_in_it(
        steps in steps(),
        stretches in prop::collection::vec((0..2_000_u64, 1..2_000_u64, any::<bool>()), 12),
    ) {
        let told = GilOracle::new(&steps);
        let gil = told.gil();
        for (from, length, per_mille) in stretches {
            // By the nanosecond at the start, or anywhere in all that happened.
            let unit = if per_mille { told.now / 1_000 + 1 } else { 1 };
            let (a, b) = (from * unit, ((from + length) * unit).min(told.now));
            if a >= b {
                prop_assert!(gil.share_between(Nanos(a), Nanos(b)).share <= 0.0);
                continue;
            }
            let lanes = told.held(a, b);
            let share = lanes.iter().sum::<u64>() as f64 / (b - a) as f64;
            let held = gil.share_between(Nanos(a), Nanos(b));
            prop_assert!((held.share - share).abs() < 1e-9, "{} {share}", held.share);
            let inside = told.holds.iter().filter(|(_, start, end)| *start < b && *end > a);
            match held.main_holder {
                Some(LaneId(lane)) => {
                    let most = lanes.iter().max().unwrap();
                    prop_assert_eq!(&lanes[usize::from(lane)], most);
                    prop_assert!(*most > 0);
                }
                None => prop_assert!(share == 0.0 || inside.count() > 7),
            }
        }
        let share = told.held(0, told.now).iter().sum::<u64>() as f64 / told.now.max(1) as f64;
        prop_assert!((gil.held_share(Nanos(told.now)) - share).abs() < 1e-9);
    }

    #[test]
    fn a_cell_shows_who_held_it(
        steps in steps(),
        first in 0..20_u64,
        width in prop_oneof![8..400_u64, 400..9_000_u64],
    ) {
        let told = GilOracle::new(&steps);
        let until = told.now.min(first * width + width * 200);
        let cells = told.gil().cells(Nanos(first * width), Nanos(width), 200, Nanos(until));
        let cells: Vec<GilCell> = cells.collect();
        prop_assert_eq!(cells.len() as u64, until.saturating_sub(first * width).div_ceil(width));
        for (start, cell) in (first * width..).step_by(width as usize).zip(cells) {
            let lanes = told.held(start, (start + width).min(until));
            let held: u64 = lanes.iter().sum();
            let time = |holder: Option<LaneId>| {
                holder.map_or(width - held, |LaneId(lane)| lanes[usize::from(lane)])
            };
            // What is too short to be placed is no more than an eighth; an edge is rounded.
            let (fine, most) = (width / 16 + 1, width / 8 + 1);
            match cell {
                GilCell::Whole(holder) => prop_assert!(time(holder) + most + fine >= width),
                GilCell::Edge { left, right, eighths } => {
                    prop_assert!(left != right && (1..=7).contains(&eighths));
                    let off = time(left).abs_diff(u64::from(eighths) * width / 8);
                    prop_assert!(off <= fine + most, "{off} of {width}: {lanes:?}");
                    prop_assert!(time(left) + time(right) + most >= width);
                }
                GilCell::Merged { lane, eighths } => {
                    prop_assert_eq!(u64::from(eighths), ((held * 8 + width / 2) / width).clamp(1, 8));
                    prop_assert!(lane.is_none_or(|lane| time(Some(lane)) * 2 > held));
                }
            }
        }
    }

    #[test]
    fn its_figures_are_those_of_the_list(steps in steps()) {
        let told = GilOracle::new(&steps);
        let (gil, now) = (told.gil(), Nanos(told.now));
        prop_assert_eq!(gil.violation_count(), 0);
        let switches = told.holds.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
        prop_assert_eq!(gil.switch_count() as usize, switches);
        let longest = told.holds.iter().map(|(_, start, end)| end - start).max();
        let found = gil.longest_hold(now);
        prop_assert_eq!(found.map(|hold| hold.length.0), longest);
        if let Some(hold) = found {
            let same = (hold.lane.0, hold.start.0, hold.start.0 + hold.length.0);
            prop_assert!(told.holds.contains(&same));
        }
        let waits = told.waiting.iter().flatten();
        let cost = told.waited + waits.clone().map(|since| told.now - since).sum::<u64>();
        prop_assert_eq!(gil.wait_time(now).0, cost);
        prop_assert_eq!(gil.waiter_count(), waits.count());
        prop_assert!((gil.mean_waiters(now) * told.now as f64 - cost as f64).abs() < 1e-3 * cost as f64 + 1.0);
        let holder = told.holder.filter(|(_, between)| between.is_none());
        prop_assert!(holder.is_none_or(|(lane, _)| gil.holder() == Some(LaneId(lane))));
    }

    #[test]
    fn two_at_once_are_counted_and_break_nothing(
        changes in prop::collection::vec((0..LANES, any::<u64>(), any::<bool>()), 0..200),
        a in any::<u64>(),
        b in any::<u64>(),
    ) {
        let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, LANES, 9);
        let mut run = Run::new(plan);
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
fn only_threads_that_share_a_gil_have_one() {
    for mode in Mode::ALL {
        let run = Run::new(Plan::new(WorkSpec::Cpu(ComputeSpec::default()), mode, 2, 8));
        assert_eq!(run.gil().is_some(), mode == Mode::Gil, "{mode}");
    }
}
