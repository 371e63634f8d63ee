//! Tests a simulated run in slow motion.

use crate::start;

#[test]
fn slow_simulated_run_can_be_paused_stopped_and_sped_up() {
    let arguments = ["--theme", "dark", "--simulate", "--mode", "gil", "--slow", "100000"];
    // At this factor, the first slice takes minutes.
    let mut pty = start(&arguments);
    pty.wait_text("4 GIL threads share one GIL");
    pty.keys(" ");
    pty.wait_text("paused");
    pty.keys("x");
    pty.wait_text("stopped");
    pty.keys("r");
    pty.wait_text("4 GIL threads share one GIL");
    // 15 steps lead to real time, in which the run takes 1.2 s.
    pty.keys(">".repeat(15));
    pty.wait_text("1.200 s");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
