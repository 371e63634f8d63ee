//! Threads whose switches are not recorded: states from regular looks, and the times between two looks
//! from the growth of the counters, whose sums are exact.

use super::ThreadFold;
use super::edge::{Activity, GilRole, LaneTask, LastSample};
use super::event_sink::EventSink;
use super::sights::is_stop;
use super::thread_timeline::ThreadTimeline;
use crate::model::{Event, Nanos, State};
use crate::source::program::proc_line::SchedStat;
use crate::source::program::reading::Sight;
use crate::source::program::wait_reason::Wait;

/// The activity of a thread at a look.
enum Glimpse {
    /// On a CPU, or ready to run.
    Runs,
    Waits(Option<Wait>),
    Unchanged,
}

impl Glimpse {
    fn from_sight(sight: &Sight, wait: Option<Wait>) -> Self {
        match sight {
            Sight::Unchanged => Self::Unchanged,
            Sight::Letter('R') => Self::Runs,
            Sight::Letter(letter) if !is_stop(*letter) => Self::Waits(None),
            Sight::Call { line, .. } if line.trim_end() == "running" => Self::Runs,
            _ => Self::Waits(wait),
        }
    }
}

impl ThreadFold {
    /// Applies a regular look at a thread.
    pub(super) fn sample(
        &mut self,
        at: Nanos,
        tid: u32,
        counters: Option<SchedStat>,
        sight: &Sight,
        emit: &mut dyn FnMut(Event),
    ) {
        let Some(&key) = self.live.get(&tid) else { return };
        self.number(key, Nanos::MAX, Nanos::MAX);
        self.present(key, emit);
        let glimpse = Glimpse::from_sight(sight, self.read_wait(tid, sight));
        let Some(thread) = self.threads.get_mut(&key) else { return };
        let Some(place) = thread.place else { return };
        let mut sink = EventSink { emit, tasks: &self.tasks };
        thread.sample(place, at, counters, &glimpse, &mut sink);
    }
}

impl ThreadTimeline {
    fn sample(
        &mut self,
        place: LaneTask,
        at: Nanos,
        counters: Option<SchedStat>,
        glimpse: &Glimpse,
        sink: &mut EventSink<'_>,
    ) {
        let growth = counters.and_then(|counters| self.sums.sample(counters));
        let last = self.last_sample;
        match (glimpse, growth, last) {
            (Glimpse::Unchanged, ..) => {}
            (_, Some(growth), Some(last)) => self.divide(place, last, at, growth, glimpse, sink),
            (Glimpse::Runs, ..) => {
                self.send_state(place.lane, at, self.running_state(), sink);
            }
            (Glimpse::Waits(wait), ..) => self.send_glimpse(place, at, wait.as_ref(), sink),
        }
        let activity = match glimpse {
            Glimpse::Runs => Activity::OnCpu,
            Glimpse::Waits(_) => Activity::Blocked,
            Glimpse::Unchanged => self.activity(),
        };
        let held_gil = matches!(self.role, GilRole::Holds(_));
        self.last_sample = Some(LastSample { at, held_gil });
        self.note_activity(at, activity);
        self.report_counters(place, at, sink);
    }

    /// Divides the time since the last look: the wait that was seen then lasts as long as the counters
    /// leave room for, then comes the time without a core, then that on a CPU. A wait that begins comes
    /// last.
    fn divide(
        &mut self,
        place: LaneTask,
        last: LastSample,
        at: Nanos,
        growth: SchedStat,
        glimpse: &Glimpse,
        sink: &mut EventSink<'_>,
    ) {
        let period = at.since(last.at);
        let on_cpu = growth.on_cpu.min(period);
        let no_core = growth.no_core.min(period.since(on_cpu));
        let rest = period.since(on_cpu + no_core);
        let was_blocked = self.activity() == Activity::Blocked;
        let is_blocked = matches!(glimpse, Glimpse::Waits(_));
        let mut cursor = last.at;
        if was_blocked {
            cursor = cursor + rest;
        }
        let mut waiting = no_core;
        let is_never_running = growth.on_cpu == Nanos::ZERO && !was_blocked && !is_blocked;
        if is_never_running {
            // The counter of a thread without a core grows only once it has got one.
            waiting = period;
        }
        if waiting > Nanos::ZERO {
            self.send_state(place.lane, cursor, State::NoCore, sink);
            cursor = cursor + waiting;
        }
        if on_cpu > Nanos::ZERO {
            let held = last.held_gil && self.role != GilRole::NoGil;
            let state = if held { State::Computing } else { self.running_state() };
            self.send_state(place.lane, cursor, state, sink);
            cursor = cursor + on_cpu;
        }
        if let Glimpse::Waits(wait) = glimpse {
            self.send_glimpse(place, cursor.min(at), wait.as_ref(), sink);
        }
    }

    fn send_glimpse(
        &mut self,
        place: LaneTask,
        at: Nanos,
        wait: Option<&Wait>,
        sink: &mut EventSink<'_>,
    ) {
        match wait {
            Some(wait) => self.send_wait(place.lane, at, wait.clone(), sink),
            None => self.send_state(place.lane, at, State::Blocked, sink),
        }
    }
}
