//! Tests `threadline help TOPIC` on a terminal, with and without a pager.

use crate::DEFAULT_SIZE;
use crate::pty::Pty;

/// Runs `threadline help gil` with these variables; returns the exit code and the output.
fn help(variables: &[(&str, &str)]) -> (u32, String) {
    let path = std::env::var("PATH").expect("a path");
    let variables = [&[("PATH", &*path)], variables].concat();
    let program = env!("CARGO_BIN_EXE_threadline");
    let exit = Pty::start(program, &["help", "gil"], &variables, DEFAULT_SIZE).wait_for_exit();
    (exit.code, exit.output)
}

#[test]
fn help_topic_is_shown_in_the_pager() {
    let (code, output) = help(&[("PAGER", "sed 's/^/paged: /'")]);
    assert_eq!(code, 0);
    assert!(output.starts_with("paged: THE GIL\r\n"), "{output}");
}

#[test]
fn help_topic_is_printed_without_a_usable_pager() {
    for variables in [
        &[("PAGER", "")][..],
        &[("PAGER", "cat")],
        &[("PAGER", "/no/such/pager 2>/dev/null")],
        &[("PATH", "/nowhere")],
        &[("TERM", "dumb"), ("PAGER", "sed 's/^/paged: /'")],
    ] {
        let (code, output) = help(variables);
        assert_eq!(code, 0, "{variables:?}");
        assert!(output.starts_with("THE GIL\r\n"), "{variables:?}: {output}");
    }
}
