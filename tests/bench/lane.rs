//! The cells of a lane with few to very many changes: the cost of a frame must not depend on their
//! number.

use divan::{Bencher, black_box};
use threadline::model::{Lane, LaneCell, Nanos, State, TaskId};

/// The number of cells in a row of a typical terminal.
const CELLS: usize = 120;

fn main() {
    divan::main();
}

fn lane(entries: u64) -> Lane {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut lane = Lane::default();
    let mut at = 0;
    for entry in 0..entries {
        at += rng.u64(1_000..2_000_000);
        match entry % 5 {
            0 => lane.start_task(Nanos(at), TaskId(entry as u32)),
            1 => lane.enter_state(Nanos(at), State::Waiting),
            2 => lane.enter_state(Nanos(at), State::Receiving),
            3 => lane.enter_state(Nanos(at), State::Computing),
            _ => lane.finish_task(Nanos(at)),
        }
    }
    lane
}

/// Computes all cells of a row, with the whole lane in view.
#[divan::bench(args = [100, 1_000, 10_000, 100_000, 1_000_000])]
fn cells_of_a_row(bencher: Bencher<'_, '_>, entries: u64) {
    let lane = lane(entries);
    let end = lane.last_change();
    let width = Nanos(end.0 / CELLS as u64 + 1);
    bencher.bench_local(|| {
        lane.cells(Nanos::ZERO, width, CELLS, black_box(end)).collect::<Vec<LaneCell>>()
    });
}

/// Computes the time per state in a range of a lane.
#[divan::bench(args = [100, 1_000_000])]
fn state_times_of_a_range(bencher: Bencher<'_, '_>, entries: u64) {
    let lane = lane(entries);
    let end = lane.last_change().0;
    bencher.bench_local(|| {
        lane.state_times_between(Nanos(black_box(end / 3)), Nanos(black_box(end / 2)))
    });
}
