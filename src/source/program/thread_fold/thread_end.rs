//! The last events of a thread: at its end, at the end of watching, or where records were lost.

use super::edge::{Activity, GilRole, LaneTask};
use super::event_sink::EventSink;
use super::thread_timeline::ThreadTimeline;
use crate::model::{Nanos, State};

impl ThreadTimeline {
    /// Releases what the thread holds, and sends what was seen of it.
    fn send_last(&mut self, place: LaneTask, at: Nanos, sink: &mut EventSink<'_>) {
        self.send_functions(place, Nanos::MAX, sink);
        self.send_role(place, at.max(self.shown.1), GilRole::NoGil, sink);
    }

    /// Adds the time since the thread was put on its CPU to the sums. Without records, that is not
    /// known.
    pub(super) fn end_run(&mut self, at: Nanos) {
        if let (Activity::OnCpu, since) = self.tail
            && self.last_sample.is_none()
        {
            self.sums.sent_run(at.since(since));
        }
    }

    pub(super) fn finish(&mut self, place: LaneTask, at: Nanos, sink: &mut EventSink<'_>) {
        self.send_counters(place, at, sink);
        self.tail.0 = Activity::Unknown;
        self.send_last(place, at, sink);
        sink.finish(place, at.max(self.shown.1), true);
        self.shown.1 = self.shown.1.max(at);
    }

    /// Ends the thread's events while it lives.
    pub(super) fn stop(&mut self, at: Nanos, sink: &mut EventSink<'_>) {
        let Some(place) = self.place.filter(|_| !self.has_ended) else { return };
        self.end_run(at);
        self.send_counters(place, at, sink);
        self.tail.0 = Activity::Unknown;
        self.send_last(place, at, sink);
        sink.finish(place, at.max(self.shown.1), false);
        self.has_ended = true;
    }

    /// Forgets the activity, because records were lost.
    pub(super) fn lose(&mut self, since: Nanos) {
        let since = since.max(self.shown.1).max(self.head.1);
        (self.head, self.tail) = ((Activity::Unknown, since), (Activity::Unknown, since));
        self.shown = (Some(State::Unknown), since);
        self.sums.is_outdated = true;
    }
}
