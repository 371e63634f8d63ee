//! Lines of `/proc` about a blocked thread become states and reasons.

use threadline::model::State;
use threadline::source::program::system_calls::Abi;
use threadline::source::program::wait_reason::{Wait, WaitDetail, kind_of_file, wanted_detail};

/// The state and the reason that a line stands for: the call, what it waits on, and the holder.
fn describe(abi: Abi, line: &str, owner: Option<u32>, file: Option<&str>) -> String {
    let Some(wait) = Wait::from_line(line, abi, owner, file) else { return "none".to_owned() };
    let holder = wait.holder.map(|tid| tid.to_string());
    let words = [wait.call, wait.object, holder].into_iter().flatten();
    words.fold(wait.state.label().to_owned() + ":", |text, word| text + " " + &word)
}

#[test]
fn futex_of_each_kind_is_told_from_the_others() {
    for (arguments, expected) in [
        ("0x55d0 0x80 0x2 0x0", "lock wait: futex mutex 4711"),
        ("0x55d0 0x0 0x2 0x0", "lock wait: futex mutex 4711"),
        ("0x55d0 0x86 0x0 0x0", "lock wait: futex mutex 4711"),
        ("0x55d0 0x89 0x2 0x0", "lock wait: futex mutex"),
        ("0x55d0 0x109 0x2a 0x0", "parked: futex thread 42"),
        ("0x55d0 0x189 0x0 0x0", "parked: futex condition"),
        ("0x55d0 0x89 0x0 0x7ffc", "parked: futex condition"),
        ("0x55d0 0x189 0x5 0x7ffc", "parked: futex condition"),
        ("0x55d0 0x89 0xffffffff 0x0", "parked: futex park"),
        ("0x55d0 0x89 0x0 0x0", "parked: futex"),
        ("0x55d0 0x80 0x0 0x0", "parked: futex"),
        ("0x55d0 0x80 0x2 0x7ffc", "parked: futex"),
    ] {
        let line = format!("202 {arguments} 0x0 0x0 0x7ffc 0x7f0d\n");
        assert_eq!(describe(Abi::X86_64, &line, Some(4711), None), expected, "{arguments}");
    }
    assert_eq!(
        describe(Abi::X86_64, "202 0x5 0x80 0x2 0x0 0x0 0x0", Some(0), None),
        "lock wait: futex mutex",
        "a mutex that was released meanwhile"
    );
}

#[test]
fn calls_have_states() {
    for (line, expected) in [
        ("running", "none"),
        ("-1 0x7ffc 0x7f0d", "waiting: page fault"),
        ("0 0x3 0x0 0x10 0x0 0x0 0x0", "waiting: read pipe"),
        ("230 0x0 0x0 0x0 0x0 0x0 0x0", "sleeping: clock_nanosleep"),
        ("7 0x0 0x0 0x64 0x0 0x0 0x0", "sleeping: poll"),
        ("7 0x7ffc 0x2 0x64 0x0 0x0 0x0", "events: poll"),
        ("23 0x0 0x0 0x0 0x0 0x7ffc 0x0", "sleeping: select"),
        ("232 0x4 0x7ffc 0x40 0xffff 0x0 0x0", "events: epoll_wait"),
        ("288 0x4 0x0 0x0 0x0 0x0 0x0", "events: accept4 socket"),
        ("45 0x4 0x0 0x0 0x0 0x0 0x0", "waiting: recvfrom socket"),
        ("74 0x4 0x0 0x0 0x0 0x0 0x0", "waiting: fsync file"),
        ("61 0xffffffff 0x0 0x0 0x0 0x0 0x0", "parked: wait4 process"),
        ("34 0x0 0x0 0x0 0x0 0x0 0x0", "parked: pause signal"),
        ("72 0x3 0x7 0x0 0x0 0x0 0x0", "lock wait: fcntl file lock"),
        ("219 0x0 0x0 0x0 0x0 0x0 0x0", "blocked:"),
        ("5000 0x0 0x0 0x0 0x0 0x0 0x0", "waiting: system call 5000 pipe"),
        ("", "none"),
    ] {
        assert_eq!(describe(Abi::X86_64, line, None, Some("pipe:[1]")), expected, "{line}");
    }
}

#[test]
fn same_number_is_another_call_in_a_program_of_32_bits() {
    let line = "162 0xff8c 0x0 0x0 0x0 0x0 0x0";
    assert_eq!(describe(Abi::X86, line, None, None), "sleeping: nanosleep");
    assert_eq!(describe(Abi::X86_64, line, None, None), "waiting: sync");
    let read = "3 0x5 0x0 0x0 0x0 0x0 0x0";
    assert_eq!(describe(Abi::X86, read, None, Some("/dev/pts/3")), "waiting: read terminal");
}

#[test]
fn details_are_wanted_only_where_they_help() {
    let wanted = |line| wanted_detail(line, Abi::X86_64);
    let owner = Some(WaitDetail::Owner { address: 0x1008 });
    assert_eq!(wanted("202 0x1000 0x80 0x2 0x0 0x0 0x0"), owner);
    assert_eq!(wanted("202 0xffffffffffffffff 0x80 0x2 0x0 0x0 0x0"), None);
    assert_eq!(wanted("202 0x1000 0x189 0x0 0x0 0x0 0x0"), None);
    assert_eq!(wanted("0 0x3 0x0 0x0 0x0 0x0 0x0"), Some(WaitDetail::File { descriptor: 3 }));
    assert_eq!(wanted("230 0x3 0x0 0x0 0x0 0x0 0x0"), None);
    assert_eq!(wanted("running"), None);
}

#[test]
fn files_have_kinds() {
    for (target, kind) in [
        ("pipe:[42]", "pipe"),
        ("socket:[42]", "socket"),
        ("/dev/pts/3", "terminal"),
        ("/dev/tty", "terminal"),
        ("/dev/null", "device"),
        ("anon_inode:[eventfd]", "eventfd"),
        ("anon_inode:inotify", "inotify"),
        ("/home/a/b.txt", "file"),
    ] {
        assert_eq!(kind_of_file(target), kind);
    }
}

#[test]
fn kernel_functions_are_known_by_their_stems() {
    for (function, state) in [
        ("futex_wait_queue_me", State::Parked),
        ("futex_do_wait", State::Parked),
        ("hrtimer_nanosleep", State::Sleeping),
        ("ep_poll", State::Events),
        ("poll_schedule_timeout.constprop.0", State::Events),
        ("anon_pipe_read", State::Waiting),
        ("unix_stream_read_generic", State::Waiting),
        ("jbd2_log_wait_commit", State::Waiting),
        ("do_exotic_thing", State::Blocked),
    ] {
        let wait = Wait::from_kernel_function(function).unwrap();
        assert_eq!((wait.state, wait.call.as_deref()), (state, Some(function)));
    }
    assert_eq!(Wait::from_kernel_function("0"), None);
    assert_eq!(Wait::from_kernel_function(""), None);
}
