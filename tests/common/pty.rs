//! Runs a program in a pseudo-terminal: takes keys and signals, and captures the screen and every
//! byte of output. Tests wait for a condition, never for a time.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::fs::{Mode, OFlags};
use threadline::source::Clock;

/// The timeout of every wait: much longer than a loaded machine needs.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The escape sequence that leaves the alternate screen.
pub(crate) const LEAVE_ALTERNATE_SCREEN: &str = "\x1b[?1049l";

/// The escape sequence that shows the cursor.
pub(crate) const SHOW_CURSOR: &str = "\x1b[?25h";

/// A terminal with a program in it.
pub(crate) struct Pty {
    shared: Arc<SharedOutput>,
    /// `None` once the terminal is closed.
    input: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    reader: Option<JoinHandle<()>>,
    /// The terminal's termios settings before the program was started.
    initial_termios: String,
}

/// The program's output so far, shared with the thread that reads it.
#[derive(Default)]
struct SharedOutput {
    output: Mutex<PtyOutput>,
    changed: Condvar,
}

#[derive(Default)]
struct PtyOutput {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    /// Ends the reader: every program has closed the terminal, or the test hangs up.
    closed: bool,
    /// Requests the reader to pause.
    pause_reader: bool,
    /// `true` once the reader has paused.
    reader_paused: bool,
}

/// The screen, and all bytes written so far.
pub(crate) struct ScreenView<'output> {
    pub(crate) screen: &'output vt100::Screen,
    pub(crate) bytes: &'output [u8],
}

/// Returns whether an output ends inside a synchronized update, whose screen is half an older one.
fn is_inside_frame(output: &[u8]) -> bool {
    let [begin, end] = ["\x1b[?2026h", "\x1b[?2026l"].map(str::as_bytes);
    output.windows(begin.len()).rfind(|bytes| [begin, end].contains(bytes)) == Some(begin)
}

impl ScreenView<'_> {
    /// Returns whether the screen shows a text.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.screen.contents().contains(text)
    }
}

/// The result of a program that has exited.
#[derive(Debug)]
pub(crate) struct PtyExit {
    /// The exit code.
    pub(crate) code: u32,
    /// The complete output, escape sequences included.
    pub(crate) output: String,
    /// The text on the terminal after the exit.
    pub(crate) screen: String,
}

impl PtyExit {
    /// Returns the output after the alternate screen was left.
    pub(crate) fn output_after_screen(&self) -> &str {
        self.output.rsplit_once(LEAVE_ALTERNATE_SCREEN).map_or("", |(_, after)| after)
    }
}

impl Pty {
    /// Starts a program on a terminal of this size, with these arguments, and with no environment
    /// variables but these and `TERM`.
    pub(crate) fn start(
        program: impl AsRef<OsStr>,
        arguments: &[&str],
        variables: &[(&str, &str)],
        (columns, rows): (u16, u16),
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let initial_termios = termios(pair.master.as_ref());
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program");
        // The reader gets the end of the output only once no other process has the terminal open.
        drop(pair.slave);
        let shared = Arc::new(SharedOutput::default());
        resize_screen(&shared, (columns, rows));
        let reader = pair.master.try_clone_reader().expect("a reader");
        let sink = Arc::clone(&shared);
        let reader = Builder::new().spawn(move || read_output(reader, &sink)).expect("a thread");
        Self {
            shared,
            input: Some(pair.master.take_writer().expect("a writer")),
            child,
            master: Some(pair.master),
            reader: Some(reader),
            initial_termios,
        }
    }

    /// Waits until `condition` holds for a complete frame and the output; `what` names it in the
    /// failure.
    pub(crate) fn wait(&self, what: &str, condition: impl Fn(&ScreenView<'_>) -> bool) {
        self.wait_for(what, |output| {
            let view = ScreenView { screen: output.parser.screen(), bytes: &output.bytes };
            !is_inside_frame(view.bytes) && condition(&view)
        });
    }

    /// Waits until the screen shows a text.
    pub(crate) fn wait_text(&self, text: &str) {
        self.wait(text, |view| view.has(text));
    }

    fn wait_for(&self, what: &str, condition: impl Fn(&PtyOutput) -> bool) {
        let waiting = |output: &mut PtyOutput| !condition(output);
        let outcome = self.shared.changed.wait_timeout_while(lock(&self.shared), MAX_WAIT, waiting);
        let (output, time) = outcome.unwrap_or_else(PoisonError::into_inner);
        let screen = output.parser.screen().contents();
        let last = output.bytes.len().saturating_sub(200);
        let last = String::from_utf8_lossy(output.bytes.get(last..).unwrap_or(&[])).into_owned();
        drop(output);
        assert!(
            !time.timed_out(),
            "timed out waiting for {what}; screen:\n{screen}\noutput: {last:?}"
        );
    }

    /// Returns the result of a function of the current screen and output.
    pub(crate) fn inspect<T>(&self, inspect: impl FnOnce(&ScreenView<'_>) -> T) -> T {
        let output = lock(&self.shared);
        inspect(&ScreenView { screen: output.parser.screen(), bytes: &output.bytes })
    }

    /// Returns the program's CPU time in hundredths of a second, or `None` without `/proc`.
    pub(crate) fn cpu_ticks(&self) -> Option<u64> {
        let id = self.child.process_id()?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        ticks(&stat, [11, 12])
    }

    /// Returns the program's resident set in kilobytes, or `None` without `/proc`.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        memory.split_whitespace().next()?.parse().ok()
    }

    /// Types keys, given as the bytes that a terminal sends.
    pub(crate) fn keys(&mut self, keys: impl AsRef<[u8]>) {
        let mut input = self.input.take().expect("a terminal");
        let (keys, (done, typed)) = (keys.as_ref().to_vec(), channel());
        // The write blocks while the program reads nothing, and the wait for it needs a timeout.
        let write = move || {
            let written = input.write_all(&keys).and_then(|()| input.flush());
            _ = done.send((input, written));
        };
        Builder::new().spawn(write).expect("a thread");
        let (input, written) = typed.recv_timeout(MAX_WAIT).expect("a program that reads keys");
        written.expect("a terminal that takes keys");
        self.input = Some(input);
    }

    /// Stops reading the output and fills the terminal's buffer, as if its window did not respond.
    /// The program must be one that writes all the time.
    pub(crate) fn stop_reading(&self) {
        lock(&self.shared).pause_reader = true;
        self.wait_for("the reader to pause", |output| output.reader_paused);
        // A program in the middle of a write would make the terminal look full.
        self.signal("STOP");
        self.wait_stopped();
        let name = self.master().tty_name().expect("a terminal's name");
        let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK;
        let terminal = rustix::fs::open(name, flags, Mode::empty()).expect("the terminal");
        let mut terminal = std::fs::File::from(terminal);
        // The system still frees some room for a moment: the buffer is full once it stays full.
        let (mut full, moment) = (0, Duration::from_millis(2));
        while full < 50 {
            full = if terminal.write(&[0; 4096]).is_ok() { 0 } else { full + 1 };
            let output = lock(&self.shared);
            drop(self.shared.changed.wait_timeout(output, moment));
        }
        self.signal("CONT");
    }

    /// Resumes reading the output.
    pub(crate) fn resume_reading(&self) {
        let mut output = lock(&self.shared);
        (output.pause_reader, output.reader_paused) = (false, false);
        drop(output);
        self.shared.changed.notify_all();
    }

    /// Resizes the terminal.
    pub(crate) fn resize(&self, size: (u16, u16)) {
        resize_screen(&self.shared, size);
        self.report_size(size);
    }

    /// Reports a size to the program, without resizing the captured screen.
    pub(crate) fn report_size(&self, (columns, rows): (u16, u16)) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master().resize(size).expect("another size");
    }

    /// Sends a signal to the program; its name is without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid()]).status();
        assert!(sent.expect("kill").success(), "SIG{name} could not be sent");
    }

    /// Runs shell commands on the terminal, as a shell in its foreground would.
    pub(crate) fn run_shell_commands(&self, commands: &str) {
        let name = self.master().tty_name().expect("a terminal's name");
        let run = format!("{{ {commands}; }} <{0} >{0}", name.display());
        let done = Command::new("sh").args(["-c", &run]).status();
        assert!(done.expect("sh").success(), "{commands}");
    }

    /// Waits until the program is stopped (job control).
    pub(crate) fn wait_stopped(&self) {
        let waiting = Stopwatch::start();
        loop {
            let state = Command::new("ps").args(["-o", "stat=", "-p", &self.pid()]).output();
            if state.expect("ps").stdout.starts_with(b"T") {
                return;
            }
            waiting.assert_in_time("the program to stop");
        }
    }

    /// Asserts that the termios settings are those from before the program was started.
    pub(crate) fn assert_termios_restored(&self) {
        assert_eq!(termios(self.master()), self.initial_termios, "termios settings");
    }

    /// Asserts that the program has changed the termios settings (raw mode).
    pub(crate) fn assert_raw_mode(&self) {
        assert_ne!(termios(self.master()), self.initial_termios, "termios settings");
    }

    /// Asserts that the program stops writing for a while, after at most a few more frames.
    pub(crate) fn assert_output_stops(&self) {
        const PAUSE: Duration = Duration::from_millis(300);
        let mut output = lock(&self.shared);
        let mut quiet = false;
        for _ in 0..20 {
            let before = output.bytes.len();
            let same = |output: &mut PtyOutput| output.bytes.len() == before;
            let outcome = self.shared.changed.wait_timeout_while(output, PAUSE, same);
            let (now, time) = outcome.unwrap_or_else(PoisonError::into_inner);
            output = now;
            quiet = time.timed_out();
            if quiet {
                break;
            }
        }
        drop(output);
        assert!(quiet, "the program keeps writing");
    }

    /// Closes the terminal, as if its window were closed; returns the program's exit code.
    pub(crate) fn hang_up(mut self) -> u32 {
        lock(&self.shared).closed = true;
        // The reader notices with the next byte, which the program writes upon a key.
        self.keys("?");
        self.reader.take().map(JoinHandle::join);
        self.input = None;
        self.master = None;
        self.wait_for_exit_code()
    }

    /// Waits for the program to exit; returns its exit code.
    pub(crate) fn wait_for_exit_code(&mut self) -> u32 {
        let waiting = Stopwatch::start();
        loop {
            if let Some(status) = self.child.try_wait().expect("the program's state") {
                return status.exit_code();
            }
            waiting.assert_in_time("the program to exit");
        }
    }

    /// Waits for the program to exit, and asserts that the terminal is restored.
    pub(crate) fn wait_for_exit(mut self) -> PtyExit {
        let exit = self.finish();
        self.assert_termios_restored();
        let output = lock(&self.shared);
        let screen = output.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is still active");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(screen.fgcolor(), vt100::Color::Default, "foreground colour");
        assert_eq!(screen.bgcolor(), vt100::Color::Default, "background colour");
        drop(output);
        exit
    }

    fn finish(&mut self) -> PtyExit {
        self.wait_for("the end of the output", |output| output.closed);
        let status = self.child.wait().expect("an exit status");
        self.reader.take().map(JoinHandle::join);
        let output = lock(&self.shared);
        PtyExit {
            code: status.exit_code(),
            output: String::from_utf8_lossy(&output.bytes).into_owned(),
            screen: output.parser.screen().contents(),
        }
    }

    fn master(&self) -> &dyn MasterPty {
        self.master.as_deref().expect("an open terminal")
    }

    /// Returns the program's process ID.
    pub(crate) fn pid(&self) -> String {
        self.child.process_id().expect("a running program").to_string()
    }
}

/// Limits a polling wait to [`MAX_WAIT`].
struct Stopwatch(Clock);

impl Stopwatch {
    fn start() -> Self {
        Self(Clock::system())
    }

    fn assert_in_time(&self, what: &str) {
        assert!(self.0.now() < MAX_WAIT.into(), "timed out waiting for {what}");
    }
}

impl Drop for Pty {
    /// Kills the program, so that a failed test leaves none running.
    fn drop(&mut self) {
        _ = self.child.kill();
    }
}

fn lock(shared: &SharedOutput) -> MutexGuard<'_, PtyOutput> {
    shared.output.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_output(mut terminal: Box<dyn Read + Send>, shared: &SharedOutput) {
    let mut buffer = [0; 4096];
    loop {
        let mut output = lock(shared);
        while output.pause_reader {
            output.reader_paused = true;
            shared.changed.notify_all();
            output = shared.changed.wait(output).unwrap_or_else(PoisonError::into_inner);
        }
        drop(output);
        // Linux returns an error instead of the end of the file once the last program has closed
        // the terminal.
        let count = terminal.read(&mut buffer).unwrap_or(0);
        let new = buffer.get(..count).unwrap_or(&[]);
        let mut output = lock(shared);
        output.parser.process(new);
        output.bytes.extend_from_slice(new);
        output.closed |= count == 0;
        let closed = output.closed;
        drop(output);
        shared.changed.notify_all();
        if closed {
            return;
        }
    }
}

fn resize_screen(shared: &SharedOutput, (columns, rows): (u16, u16)) {
    let (rows, columns) = (rows.try_into().expect("rows"), columns.try_into().expect("columns"));
    lock(shared).parser.screen_mut().set_size(rows, columns);
}

fn termios(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("termios settings"))
}

/// Returns the sum of two fields of a process's stat file (proc(5)), counted after its name.
pub(crate) fn ticks(stat: &str, fields: [usize; 2]) -> Option<u64> {
    let (_, stat) = stat.rsplit_once(')')?;
    let fields = fields.map(|field| stat.split_whitespace().nth(field)?.parse::<u64>().ok());
    Some(fields[0]? + fields[1]?)
}
