//! Stopping and quitting while a server takes its time, in every way that there is to do so.

use crate::builtin_server::faulty;
use crate::pty::Pty;
use crate::{WIDE, ask_with};

/// What takes time, and a word for it.
const FAULTS: [(&str, &str); 6] = [
    (r#""stall""#, "waiting"),
    (r#""slow","wait_ms":3600000"#, "waiting"),
    (r#""stall_in_body""#, "receiving"),
    (r#""drip","every_ms":1000"#, "receiving"),
    (r#""secondary_limit","retry_after":60"#, "secondary rate limit"),
    (r#""status","status":503,"retry_after":60"#, "with 503"),
];

/// Hands over the program once it has met each of them with eight workers.
fn held_up_by_each(act: impl Fn(Pty)) {
    for (fault, words) in FAULTS {
        let server = faulty(1_000, &format!(r#"{{"from":1,"times":0,"fault":{fault}}}"#));
        let arguments = ["--theme", "dark", "--mode", "threads", "--threads", "8"];
        let mut pty = ask_with(&server, &arguments, &[], WIDE);
        pty.wait_text("worker-8");
        pty.keys("j");
        // The legend, which has all words, stands outside of the boxes.
        let is_told = |row: String| row.starts_with('│') && row.contains(words);
        pty.wait(words, |view| view.has("x stop") && view.screen.rows(0, WIDE.0).any(is_told));
        act(pty);
    }
}

#[test]
fn x_ends_whatever_takes_time() {
    held_up_by_each(|mut pty| {
        pty.keys("x");
        pty.wait_text("stopped");
        pty.keys("q");
        assert_eq!(pty.wait_for_exit().code, 0);
    });
}

#[test]
fn control_c_ends_the_program_whatever_takes_time() {
    held_up_by_each(|mut pty| {
        pty.keys("\x03");
        assert_eq!(pty.wait_for_exit().code, 130);
    });
}
