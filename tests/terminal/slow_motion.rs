//! A simulated run in slow motion.

use crate::threadline;

#[test]
fn a_simulated_run_is_slow_until_it_is_made_faster_and_x_stops_it() {
    let arguments = ["--theme", "dark", "--simulate", "--mode", "gil", "--slow", "100000"];
    // The first slice alone takes minutes.
    let mut pty = threadline(&arguments);
    pty.wait_text("running: gil");
    pty.keys("x");
    pty.wait_text("stopped");
    pty.keys("r");
    pty.wait_text("running: gil");
    // 15 steps to real time: 1.2 s in all.
    pty.keys(">".repeat(15));
    pty.wait_text("1.200 s");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
