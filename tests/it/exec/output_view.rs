//! The view of a command's output: keys through `App::update`, frames in a test backend.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::{App, Effect, Msg, Options, Overlay, Session};
use threadline::model::{
    CommandOutput, Completion, Event, EventKind, ExitStatus, Failure, FailureKind, LaneId, Mode,
    Nanos, Plan, Product, RunId, Selection, Setup, State, TaskId, TaskOutcome, Workload,
};
use threadline::ui::theme::{ColorDepth, GlyphSet, Theme};
use threadline::ui::{self, timeline_columns};
use unicode_width::UnicodeWidthStr as _;

const SIZE: (u16, u16) = (100, 30);

/// An app with two jobs in parallel whose run has started.
struct ExecScreen {
    app: App,
    millis: u64,
}

impl ExecScreen {
    fn new(commands: &[&str]) -> Self {
        let commands: Vec<String> = commands.iter().map(|&text| text.to_owned()).collect();
        let selection = Selection::only(Workload::Commands, Mode::Threads);
        let session = Session::new(Setup::commands(commands.into(), 2));
        let mut app = App::new(session, selection, Options::default());
        let Some(Effect::Start(runs)) = app.start() else { panic!("a run starts") };
        let mut exec_screen = Self { app, millis: 0 };
        exec_screen.start_run(&runs[0].plan);
        exec_screen
    }

    fn start_run(&mut self, plan: &Plan) {
        let tasks = plan.tasks;
        for (lane, kind) in plan.opening() {
            let at = Nanos::from_millis(self.millis);
            self.app.update(Msg::Event(RunId(0), Event { at, lane, kind }));
        }
        self.millis += 1_000;
        self.apply_event(0, EventKind::TaskCountChanged { tasks });
    }

    /// Applies an event, and advances the clock by a second.
    fn apply_event(&mut self, lane: u16, kind: EventKind) {
        let at = Nanos::from_millis(self.millis);
        self.app.update(Msg::Event(RunId(0), Event { at, lane: LaneId(lane), kind }));
        self.millis += 1_000;
    }

    fn start_task(&mut self, lane: u16, task: u32) {
        self.apply_event(lane, EventKind::TaskStarted { task: TaskId(task) });
        self.apply_event(lane, EventKind::StateEntered { state: State::Running });
    }

    fn finish_task(&mut self, lane: u16, task: u32, code: i32, text: &str) {
        let (task, bytes, status) = (TaskId(task), text.len() as u64, ExitStatus::Code(code));
        let output = CommandOutput { text: text.into(), bytes, omitted: 0, status };
        self.apply_event(lane, EventKind::CommandOutput { task, output });
        let outcome = if code == 0 {
            TaskOutcome::Done(Completion { response: None, product: Product::Success })
        } else {
            let message = "it failed".to_owned();
            TaskOutcome::Failed(Failure::new(FailureKind::Command, message))
        };
        self.apply_event(lane, EventKind::TaskFinished { task, outcome });
    }

    fn press(&mut self, code: KeyCode) {
        let effect = self.app.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        assert_eq!(effect, None);
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.press(KeyCode::Char(key));
        }
    }

    /// Draws a frame; returns its rows without the cells behind wide characters.
    fn rows(&mut self, (width, height): (u16, u16), glyphs: GlyphSet) -> Vec<String> {
        let columns = timeline_columns(&self.app, Size::new(width, height));
        self.app.update(Msg::Frame { now: Nanos::from_millis(self.millis), columns });
        let theme = Theme::new(ColorDepth::True, glyphs, self.app.background());
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        ui::render(&self.app, theme, &mut terminal.get_frame());
        let buffer = terminal.current_buffer_mut();
        let covered = |x: u16, y| x > 0 && buffer[(x - 1, y)].symbol().width() > 1;
        let columns = |y| (0..width).filter(move |&x| !covered(x, y));
        (0..height).map(|y| columns(y).map(|x| buffer[(x, y)].symbol()).collect()).collect()
    }

    fn screen(&mut self) -> String {
        self.rows(SIZE, GlyphSet::Unicode).join("\n")
    }

    #[track_caller]
    fn assert_shows(&mut self, text: &str) {
        let screen = self.screen();
        assert!(screen.contains(text), "{text:?} is not on the screen:\n{screen}");
    }
}

/// Two lanes: one has run two commands, the other runs one; the fourth command has not started.
fn new_screen() -> ExecScreen {
    let mut exec_screen = ExecScreen::new(&["make one", "make two", "make three", "make four"]);
    exec_screen.start_task(0, 1);
    exec_screen.start_task(1, 2);
    exec_screen.finish_task(0, 1, 0, "first\n");
    exec_screen.start_task(0, 3);
    exec_screen.finish_task(0, 3, 2, "third\n");
    exec_screen.screen();
    exec_screen
}

#[test]
fn enter_shows_the_output_of_the_lanes_latest_command() {
    let mut exec_screen = new_screen();
    exec_screen.press(KeyCode::Enter);
    assert!(exec_screen.app.overlay().is_none(), "no lane is selected yet");
    assert!(exec_screen.app.notice().unwrap().contains("select a lane"));
    exec_screen.keys("j");
    exec_screen.press(KeyCode::Enter);
    exec_screen.assert_shows("command 3 of 4, exit status 2, 3.000 s, 6 bytes");
    exec_screen.assert_shows("make three");
    exec_screen.assert_shows("third");
    exec_screen.press(KeyCode::Esc);
    assert!(exec_screen.app.overlay().is_none());
    exec_screen.keys("j");
    exec_screen.press(KeyCode::Enter);
    exec_screen.assert_shows("command 2 of 4, running, ");
    exec_screen.assert_shows("shown here when it ends");
    exec_screen.finish_task(1, 2, 0, "");
    exec_screen.assert_shows("command 2 of 4, exit status 0, ");
    exec_screen.assert_shows("No output.");
    for key in [KeyCode::Char('q'), KeyCode::Enter, KeyCode::Char('?')] {
        exec_screen.press(KeyCode::Enter);
        exec_screen.press(key);
        exec_screen.press(KeyCode::Esc);
        assert!(exec_screen.app.overlay().is_none(), "{key}");
    }
}

#[test]
fn lane_without_a_command_shows_a_notice() {
    let mut exec_screen = ExecScreen::new(&["true"]);
    exec_screen.screen();
    exec_screen.keys("j");
    exec_screen.press(KeyCode::Enter);
    assert!(exec_screen.app.overlay().is_none());
    assert!(exec_screen.app.notice().unwrap().contains("no command has started"));
}

/// A view of an earlier time shows the command that was the latest then.
#[test]
fn latest_command_follows_the_view() {
    let mut exec_screen = new_screen();
    // Zooms in and jumps to the beginning; the third command starts at 8 s.
    exec_screen.keys("+++");
    exec_screen.press(KeyCode::Home);
    exec_screen.screen();
    exec_screen.keys("j");
    exec_screen.press(KeyCode::Enter);
    exec_screen.assert_shows("command 1 of 4, exit status 0");
}

#[test]
fn keys_switch_to_the_other_commands() {
    let mut exec_screen = new_screen();
    exec_screen.keys("j");
    exec_screen.press(KeyCode::Enter);
    exec_screen.keys(".");
    exec_screen.assert_shows("command 4 of 4, not started");
    exec_screen.assert_shows("Not started yet.");
    exec_screen.keys("...");
    exec_screen.assert_shows("command 4 of 4");
    exec_screen.keys(",,,,,");
    exec_screen.assert_shows("command 1 of 4");
    exec_screen.assert_shows("first");
}

#[test]
fn long_output_scrolls_within_its_bounds() {
    let mut exec_screen = ExecScreen::new(&["seq 100"]);
    let lines: Vec<String> = (1..=100).map(|i| format!("line {i}.")).collect();
    exec_screen.start_task(0, 1);
    exec_screen.finish_task(0, 1, 0, &(lines.join("\n") + "\n"));
    exec_screen.screen();
    exec_screen.keys("j");
    exec_screen.press(KeyCode::Enter);
    let mut assert_scrolled = |keys: &[KeyCode], visible: &str, hidden: &str| {
        for &key in keys {
            exec_screen.press(key);
        }
        exec_screen.assert_shows(visible);
        assert!(
            !exec_screen.screen().contains(hidden),
            "{hidden:?} is visible:\n{}",
            exec_screen.screen()
        );
    };
    assert_scrolled(&[], "line 1.", "line 30.");
    assert_scrolled(&[KeyCode::Up], "from line 1 of 100", "line 30.");
    assert_scrolled(&[KeyCode::Down, KeyCode::Char('j')], "from line 3 of 100", " line 2.");
    assert_scrolled(&[KeyCode::PageDown], "from line 13 of 100", " line 12.");
    assert_scrolled(&[KeyCode::PageUp, KeyCode::Char('k')], "from line 2 of 100", " line 1.");
    assert_scrolled(&[KeyCode::End], "line 100.", " line 99.");
    assert_scrolled(&[KeyCode::PageDown], "from line 100 of 100", " line 99.");
    assert_scrolled(&[KeyCode::Home], "from line 1 of 100", "line 30.");
}

/// Covers control, bidirectional, zero-width and combining characters, in commands and in outputs.
#[test]
fn unsafe_characters_are_escaped_at_every_size() {
    let unsafe_text = "\u{1b}[2J\u{7}\u{9b}31m\t\u{202e}abc\u{200b}\u{301}é日本語\r\u{0}end";
    let mut exec_screen = ExecScreen::new(&[unsafe_text]);
    exec_screen.start_task(0, 1);
    exec_screen.finish_task(0, 1, 1, &format!("{unsafe_text}\n{}", unsafe_text.repeat(100)));
    exec_screen.screen();
    exec_screen.keys("j");
    for is_open in [false, true] {
        if is_open {
            exec_screen.press(KeyCode::Enter);
            assert!(matches!(exec_screen.app.overlay(), Some(Overlay::Output(_))));
        }
        for width in [20, 40, 59, 60, 80, 110, 200] {
            for height in [3, 8, 12, 16, 24, 50] {
                for glyphs in [GlyphSet::Unicode, GlyphSet::Ascii] {
                    let screen = exec_screen.rows((width, height), glyphs).concat();
                    let is_unsafe =
                        |c: char| c.is_control() || "\u{202e}\u{200b}\u{301}".contains(c);
                    assert!(!screen.contains(is_unsafe), "{width}x{height}: {screen:?}");
                    assert!(glyphs == GlyphSet::Unicode || screen.is_ascii(), "{screen:?}");
                }
            }
        }
    }
    exec_screen.assert_shows("\\u{1b}[2J\\u{7}\\u{9b}31m");
    exec_screen.assert_shows("日本語\\r\\0end");
}

#[test]
fn bar_is_labelled_with_its_command() {
    let mut exec_screen = ExecScreen::new(&["make one", "make two"]);
    exec_screen.start_task(0, 1);
    exec_screen.start_task(1, 2);
    exec_screen.millis += 20_000;
    exec_screen.assert_shows("make one");
    exec_screen.assert_shows("make two");
    assert!(!exec_screen.screen().contains("p1"), "a command is labelled as a page");
    let mut exec_screen =
        ExecScreen::new(&["echo 日本語日本語日本語日本語日本語日本語日本語日本語 && true"]);
    exec_screen.start_task(0, 1);
    exec_screen.millis += 20_000;
    exec_screen.assert_shows("echo 日本語日本語");
    exec_screen.assert_shows("…");
}

/// Commands are separate processes: only threadline itself is suspended.
#[test]
fn notice_after_suspension_says_that_commands_kept_running() {
    let mut exec_screen = new_screen();
    exec_screen.app.update(Msg::Resumed(Nanos::from_millis(3_000)));
    assert_eq!(
        exec_screen.app.notice(),
        Some("the commands kept running; recorded ends may be up to 3.0 s late")
    );
}

/// The rows of a command's output on a screen of this size, between the frame's lines.
fn output_rows(output: &str, size: (u16, u16), glyphs: GlyphSet) -> Vec<String> {
    let mut exec_screen = ExecScreen::new(&["make"]);
    exec_screen.start_task(0, 1);
    exec_screen.finish_task(0, 1, 0, output);
    exec_screen.keys("j");
    exec_screen.press(KeyCode::Enter);
    let rows = exec_screen.rows(size, glyphs);
    let inside = |row: &String| row.split(['│', '|']).nth(1).unwrap_or_default().trim().to_owned();
    rows.iter().map(inside).collect()
}

#[test]
fn tabs_expand_and_control_characters_are_escaped() {
    for (output, row) in [
        ("a\tbc\t\td", "a       bc              d"),
        ("日本\tx", "日本    x"),
        ("\u{1b}[2Ja\rb\u{7}\u{9b}", "\\u{1b}[2Ja\\rb\\u{7}\\u{9b}"),
    ] {
        let rows = output_rows(output, SIZE, GlyphSet::Unicode);
        assert!(rows.iter().any(|shown| shown == row), "{row}: {rows:#?}");
    }
}

#[test]
fn output_wraps_at_the_width_of_the_screen() {
    // 36 cells are inside; a wide character is never cut in half.
    for (output, wrapped) in [
        ("x".repeat(80), ["x".repeat(36), "x".repeat(36), "x".repeat(8)]),
        ("日".repeat(38), ["日".repeat(18), "日".repeat(18), "日".repeat(2)]),
        (
            format!("a{}", "日".repeat(37)),
            [format!("a{}", "日".repeat(17)), "日".repeat(18), "日".repeat(2)],
        ),
    ] {
        let rows = output_rows(&output, (40, 14), GlyphSet::Unicode);
        assert!(rows.windows(3).any(|shown| shown == wrapped), "{rows:#?}");
    }
}

#[test]
fn ascii_theme_prints_ascii_only() {
    let rows = output_rows("é日", SIZE, GlyphSet::Ascii);
    assert!(rows.iter().any(|row| row == "??"), "{rows:#?}");
}
