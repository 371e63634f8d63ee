//! Looking closely: the cursor, the inspector, the range, and undoing.

use proptest::prelude::*;
use proptest::test_runner::Config;
use ratatui::Terminal;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Modifier;
use threadline::app::{Pane, Popup};
use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{Depth, Glyphs};

use crate::fabricate::{COLOUR, Job, Kit, Sitting};
use crate::keys::seen;
use crate::snapshots::{EVERY, USUAL, WIDE, pictures};

const MONO: Kit = Kit(Depth::Mono, Glyphs::Unicode);
const ASCII: Kit = Kit(Depth::Mono, Glyphs::Ascii);

/// The smallest screen that has lanes but for one column, too.
const SIZES: [(u16, u16); 5] = [EVERY[0], EVERY[1], EVERY[2], EVERY[3], (39, 11)];

/// A finished race of 240 followers, seen before the first key; page 3 failed twice with threads.
fn retried() -> Sitting {
    let job = Job {
        followers: 240,
        listed: 240,
        retried: Some((Mode::Threads, 3, 2)),
        said: "Bad\u{1b}[2JGateway",
        ..Job::default()
    };
    let mut sitting = Sitting::new(job, Selection::race(Workload::Followers)).finished();
    sitting.draw(WIDE, COLOUR);
    sitting
}

fn cursor(sitting: &Sitting) -> u64 {
    sitting.app.cursor().unwrap().0
}

fn in_view(sitting: &mut Sitting, size: (u16, u16)) -> bool {
    sitting.draw(size, COLOUR);
    sitting.app.viewport().window().contains(sitting.app.cursor().unwrap())
}

#[test]
fn a_cursor() {
    let mut sitting = seen().pressed("jj..}}");
    let mut text = pictures(&mut sitting, &SIZES);
    for kit in [MONO, ASCII] {
        text.push_str(&sitting.text(USUAL, kit));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_inspector() {
    let mut sitting = seen().pressed("jj.}}");
    sitting.press(KeyCode::Enter);
    let mut text = pictures(&mut sitting, &SIZES);
    for kit in [MONO, ASCII] {
        text.push_str(&sitting.text(USUAL, kit));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_inspector_on_a_page_that_was_asked_for_three_times() {
    let mut sitting = retried().pressed("jjjj..");
    sitting.press(KeyCode::Enter);
    insta::assert_snapshot!(pictures(&mut sitting, &SIZES));
}

#[test]
fn the_inspector_on_other_work() {
    let mut text = String::new();
    for (workload, mode) in [
        (Workload::Cpu, Mode::Gil),
        (Workload::Native, Mode::Processes),
        (Workload::Mixed, Mode::Threads),
    ] {
        let mut sitting = Sitting::new(Job::default(), Selection::only(workload, mode)).finished();
        sitting.draw(WIDE, COLOUR);
        let mut sitting = sitting.pressed("j..");
        sitting.press(KeyCode::Enter);
        text.push_str(&pictures(&mut sitting, &[WIDE]));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_range() {
    let mut sitting = seen().pressed("jj.v}}}}}}v");
    let mut text = pictures(&mut sitting, &SIZES);
    for kit in [MONO, ASCII] {
        text.push_str(&sitting.text(USUAL, kit));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_range_while_a_run_goes_on() {
    let mut sitting = Sitting::race().until(Mode::Threads, 900);
    sitting.draw(WIDE, COLOUR);
    let mut sitting = sitting.pressed("jj.v}}}}}}}}");
    insta::assert_snapshot!(pictures(&mut sitting, &SIZES));
}

#[test]
fn braces_move_the_cursor_by_a_cell_and_the_view_goes_with_it() {
    let mut sitting = seen().pressed("+}");
    let first = cursor(&sitting);
    sitting.draw(WIDE, COLOUR);
    let cell = sitting.app.viewport().window().cell.0;
    let mut sitting = sitting.pressed("}");
    assert_eq!(cursor(&sitting), first + cell);
    for _ in 0..200 {
        sitting = sitting.pressed("}");
        assert!(in_view(&mut sitting, WIDE));
    }
    let took = sitting.app.runs()[0].took().unwrap();
    assert_eq!(sitting.app.cursor(), Some(took), "there is nothing later");
    for _ in 0..400 {
        sitting = sitting.pressed("{");
        assert!(in_view(&mut sitting, WIDE));
    }
    assert_eq!(cursor(&sitting), 0);
    assert_eq!(sitting.app.viewport().window().from, Nanos::ZERO);
}

#[test]
fn commas_and_dots_go_from_span_to_span_and_across_retries() {
    let mut sitting = retried().pressed("jjjj");
    let mut seen = Vec::new();
    let end = sitting.app.runs()[1].took().unwrap();
    for _ in 0..10 {
        sitting = sitting.pressed(".");
        let span = sitting.app.span().unwrap();
        assert_eq!(sitting.app.cursor(), Some(span.start));
        if seen.last() != Some(&(span.task.0, span.attempt)) {
            seen.push((span.task.0, span.attempt));
        }
    }
    assert_eq!(seen, [(3, 1), (3, 2), (3, 3)], "and stops at the last");
    assert!(sitting.app.cursor() < Some(end));
    let sitting = sitting.pressed(",");
    assert_eq!(sitting.app.span().unwrap().attempt, 2);
    // From within a span, to its start.
    let at = sitting.app.cursor();
    assert_eq!(sitting.pressed("},").app.cursor(), at);
}

#[test]
fn the_first_dot_chooses_the_first_lane_and_its_first_span_in_view() {
    let sitting = seen().pressed(".");
    assert_eq!(sitting.app.lane(), Some(0));
    assert_eq!(sitting.app.span().unwrap().task.0, 1);
    let sitting = seen().pressed(",");
    assert_eq!(sitting.app.span().unwrap().task.0, 5);
}

#[test]
fn a_cursor_that_goes_to_a_span_out_of_view_pans_by_as_little_as_it_needs() {
    let mut sitting = seen().pressed("++++.");
    let before = sitting.app.viewport().window();
    assert!(in_view(&mut sitting, WIDE));
    for _ in 0..4 {
        sitting = sitting.pressed(".");
        assert!(in_view(&mut sitting, WIDE));
    }
    let after = sitting.app.viewport().window();
    assert_eq!(after.cell, before.cell);
    assert!(after.from > before.from);
}

#[test]
fn the_axis_says_where_a_cursor_is_that_is_out_of_view() {
    let mut sitting = seen().pressed("+++j...");
    let axis = |sitting: &mut Sitting| sitting.rows(WIDE)[8].clone();
    assert!(axis(&mut sitting).contains("1.9267 s▼"), "{}", axis(&mut sitting));
    sitting.press(KeyCode::End);
    assert!(axis(&mut sitting).contains(" <1.9267 s"), "{}", axis(&mut sitting));
    sitting.press(KeyCode::Home);
    assert!(axis(&mut sitting).contains("1.9267 s> "), "{}", axis(&mut sitting));
}

#[test]
fn another_lane_keeps_the_time() {
    let sitting = seen().pressed("j.}}");
    let at = sitting.app.cursor();
    assert_eq!(sitting.pressed("jjjk").app.cursor(), at);
}

#[test]
fn a_zoom_keeps_the_cursor_in_its_column() {
    let mut sitting = seen().pressed("j....");
    let column = |sitting: &mut Sitting| {
        sitting.draw(WIDE, COLOUR);
        let window = sitting.app.viewport().window();
        window.column(sitting.app.cursor().unwrap()).unwrap()
    };
    let before = column(&mut sitting);
    for keys in ["+", "+", "+", "-", "-"] {
        sitting = sitting.pressed(keys);
        assert_eq!(column(&mut sitting), before, "{keys}");
    }
}

#[test]
fn enter_opens_the_inspector_which_stays_open_until_enter_or_escape() {
    for close in [KeyCode::Enter, KeyCode::Esc] {
        let mut sitting = seen();
        sitting.press(KeyCode::Enter);
        assert_eq!(sitting.app.pane(), Some(Pane::Inspector));
        assert_eq!(sitting.app.lane(), Some(0), "the first lane, where none was chosen");
        // Without a cursor, the last span in view.
        assert_eq!(sitting.app.span().unwrap().task.0, 5);
        let mut sitting = sitting.pressed(".,jkjj{}+-hl0");
        assert_eq!(sitting.app.pane(), Some(Pane::Inspector));
        sitting.press(close);
        assert_eq!(sitting.app.pane(), None);
        assert!(sitting.app.cursor().is_some(), "one step at a time");
    }
}

#[test]
fn escape_drops_the_inspector_the_range_the_cursor_and_then_the_held_view() {
    let mut sitting = seen().pressed("++jj.v}} ");
    sitting.press(KeyCode::Enter);
    assert_eq!(sitting.app.pane(), Some(Pane::Inspector));
    sitting.press(KeyCode::Esc);
    assert!(matches!(sitting.app.pane(), Some(Pane::Range(..))));
    sitting.press(KeyCode::Esc);
    assert_eq!((sitting.app.range(), sitting.app.cursor().is_some()), (None, true));
    sitting.press(KeyCode::Esc);
    assert_eq!(sitting.app.cursor(), None);
    assert!(sitting.app.behind().is_some());
    sitting.press(KeyCode::Esc);
    assert!(sitting.app.behind().is_none() && !sitting.app.viewport().fits());
    sitting.press(KeyCode::Esc);
    assert!(sitting.app.viewport().fits());
}

#[test]
fn v_begins_a_range_and_ends_it() {
    let sitting = seen().pressed("j.v");
    let begun = sitting.app.cursor().unwrap();
    assert_eq!(sitting.app.range(), Some((begun, begun)));
    let sitting = sitting.pressed("}}}");
    let end = sitting.app.cursor().unwrap();
    assert_eq!(sitting.app.range(), Some((begun, end)));
    let sitting = sitting.pressed("v{{{{{{");
    assert_eq!(sitting.app.range(), Some((begun, end)), "it stays where it was ended");
    let sitting = sitting.pressed("v");
    let again = sitting.app.cursor().unwrap();
    assert_eq!(sitting.app.range(), Some((again, again)), "and another begins");
}

#[test]
fn f_fits_the_range_else_the_span_and_then_the_run_again() {
    let mut sitting = seen().pressed("jj.f");
    sitting.draw(WIDE, COLOUR);
    let span = sitting.app.span().unwrap();
    let window = sitting.app.viewport().window();
    assert!(window.contains(span.start) && window.contains(span.end.unwrap()));
    let share =
        span.end.unwrap().since(span.start).0 as f64 / window.end().since(window.from).0 as f64;
    assert!(share > 0.6, "it fills {share} of the view");
    let mut sitting = sitting.pressed("f");
    assert!(sitting.app.viewport().fits(), "a second time");
    sitting = sitting.pressed("v}}v");
    sitting.draw(WIDE, COLOUR);
    sitting = sitting.pressed("f");
    sitting.draw(WIDE, COLOUR);
    let (from, to) = sitting.app.range().unwrap();
    let window = sitting.app.viewport().window();
    assert!(window.contains(from) && window.contains(to));
    assert!(to.since(from).0 * 2 > window.end().since(window.from).0);
}

#[test]
fn u_undoes_one_change_after_another() {
    let keys = ["+", "lll", "j", "..", "}}}", "v", "}}", "f", "0"];
    let mut sitting = seen();
    let state = |sitting: &mut Sitting| {
        sitting.draw(WIDE, COLOUR);
        let app = &sitting.app;
        (app.viewport().window(), app.lane(), app.cursor(), app.range())
    };
    let mut states = Vec::new();
    for keys in keys {
        states.push(state(&mut sitting));
        sitting = sitting.pressed(keys);
    }
    for before in states.into_iter().rev() {
        assert!(sitting.app.can_undo());
        sitting = sitting.pressed("u");
        assert_eq!(state(&mut sitting), before);
    }
    assert!(!sitting.app.can_undo());
    let before = state(&mut sitting);
    assert_eq!(state(&mut sitting.pressed("u")), before, "there is no more to undo");
}

#[test]
fn the_cursor_takes_no_state_its_colour() {
    let mut plain = seen().pressed("jj");
    let mut pointed = seen().pressed("jj.}}}");
    for size in [WIDE, USUAL] {
        let [mut before, mut after] = [&mut plain, &mut pointed].map(|one| one.draw(size, COLOUR));
        let [before, after] = [&mut before, &mut after].map(Terminal::current_buffer_mut);
        let (mut lines, mut underlined) = (0, 0);
        for (old, new) in before.content().iter().zip(after.content()) {
            lines += usize::from(new.symbol() == "│" && old.symbol() != "│");
            underlined += usize::from(new.modifier.contains(Modifier::UNDERLINED));
            if new.symbol() == "│" {
                assert_eq!(old.bg, new.bg);
            }
        }
        assert!(lines > 5 && underlined < 20, "{lines} {underlined}");
    }
}

#[test]
fn a_server_says_nothing_that_a_terminal_acts_on() {
    let mut sitting = retried().pressed("jjjj.");
    sitting.press(KeyCode::Enter);
    let rows = sitting.rows(WIDE).join("\n");
    assert!(rows.contains("Bad\\u{1b}[2JGateway"), "{rows}");
    assert!(!rows.contains('\u{1b}'));
}

#[test]
fn who_holds_the_gil_is_said_of_a_lane_that_waits_for_it() {
    let mut sitting =
        Sitting::new(Job::default(), Selection::only(Workload::Cpu, Mode::Gil)).finished();
    sitting.draw(WIDE, COLOUR);
    let mut sitting = sitting.pressed("j.+++}}}}");
    sitting.press(KeyCode::Enter);
    let rows = sitting.rows(WIDE).join("\n");
    assert!(rows.contains("lock wait, worker-") && rows.contains("holds the GIL"), "{rows}");
}

/// As on a lane of pages: what is under the cursor, and not what is last in view.
#[test]
fn enter_reads_the_command_under_the_cursor() {
    let sequential = Selection::only(Workload::Commands, Mode::Sequential);
    let mut sitting = Sitting::new(Job::default(), sequential).finished();
    sitting.draw(WIDE, COLOUR);
    let mut sitting = sitting.pressed("..");
    sitting.press(KeyCode::Enter);
    let Some(Popup::Output(reading)) = sitting.app.popup() else { panic!("no output") };
    assert_eq!(reading.task.0, 2);
}

#[test]
fn a_run_that_begins_again_is_looked_at_anew() {
    let mut sitting = seen().pressed("jj.v}}");
    sitting.press(KeyCode::Enter);
    let sitting = sitting.pressed("r");
    let app = &sitting.app;
    assert_eq!((app.cursor(), app.range(), app.pane()), (None, None, None));
    assert_eq!(app.lane(), Some(1));
    assert!(!app.can_undo());
}

#[test]
fn every_size_with_a_pane() {
    for keys in ["..", "..v}}}", "v}}v"] {
        for pane in [true, false] {
            let mut sitting = retried().pressed("jjjj").pressed(keys);
            if pane {
                sitting.press(KeyCode::Enter);
            }
            for width in (0..=200).step_by(7).chain([38, 39, 40, 59, 60, 79, 80, 109, 110]) {
                for height in (0..=60).step_by(5).chain([9, 11, 13, 14, 19, 29]) {
                    sitting.draw((width, height), COLOUR);
                }
            }
        }
    }
}

#[test]
fn a_limit_is_looked_at_while_it_holds() {
    let job = Job {
        costs_quota: true,
        limited: Some((Mode::Threads, 5, LimitKind::Primary)),
        ..Job::default()
    };
    let mut sitting =
        Sitting::new(job, Selection::race(Workload::Followers)).until(Mode::Threads, 60_000);
    sitting.draw(WIDE, COLOUR);
    let mut sitting = sitting.pressed("jjjjjj.");
    sitting.press(KeyCode::Enter);
    let rows = sitting.rows(WIDE).join("\n");
    assert!(rows.contains("attempt 1 of 2"), "{rows}");
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    /// Whatever is pressed, in a run that goes on, held still or over.
    #[test]
    fn no_keys_lead_to_nonsense(
        keys in "[+\\-0hlHLjk.,{}vfu \\n\u{1b}]{0,40}",
        millis in 0..1_200_u64,
        size in (0..140_u16, 0..40_u16),
    ) {
        let mut sitting = Sitting::race().until(Mode::Threads, millis);
        sitting.draw(size, COLOUR);
        for key in keys.chars() {
            sitting.press(match key {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                key => KeyCode::Char(key),
            });
            sitting.draw(size, COLOUR);
            if let Some((from, to)) = sitting.app.range() {
                prop_assert!(from <= to);
            }
        }
    }
}
