//! A program in a terminal of its own: keys and signals go in, the screen and every byte come out.
//! Waits for what is to come, never for a time.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::fs::{Mode, OFlags};
use threadline::engine::Clock;

/// How long anything may take: much longer than a loaded machine needs.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// What leaves the alternate screen.
pub(crate) const LEAVE: &str = "\x1b[?1049l";

/// What shows the cursor.
pub(crate) const SHOW_CURSOR: &str = "\x1b[?25h";

/// A terminal with a program in it.
pub(crate) struct Pty {
    seen: Arc<SharedOutput>,
    /// Nothing once the terminal is gone.
    input: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    reader: Option<JoinHandle<()>>,
    /// How the terminal takes keys (termios), before the program came.
    settings: String,
}

/// What the program has written so far.
#[derive(Default)]
struct SharedOutput {
    output: Mutex<PtyOutput>,
    changed: Condvar,
}

#[derive(Default)]
struct PtyOutput {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    /// No program has the terminal open any more, or nobody looks at it.
    closed: bool,
    /// Nothing is to be read for a while.
    held: bool,
    /// And nothing is.
    still: bool,
}

/// The screen, and everything that was written.
pub(crate) struct ScreenView<'output> {
    pub(crate) screen: &'output vt100::Screen,
    pub(crate) bytes: &'output [u8],
}

impl ScreenView<'_> {
    /// Whether a text is on the screen.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.screen.contents().contains(text)
    }
}

/// What is left of a program that has ended.
#[derive(Debug)]
pub(crate) struct PtyExit {
    /// Its exit code.
    pub(crate) code: u32,
    /// What it wrote, from the first byte to the last.
    pub(crate) output: String,
    /// What the terminal shows.
    pub(crate) screen: String,
}

impl PtyExit {
    /// What it wrote after it had left its screen.
    pub(crate) fn output_after_screen(&self) -> &str {
        self.output.rsplit_once(LEAVE).map_or("", |(_, after)| after)
    }
}

impl Pty {
    /// Starts a program with these arguments and variables, and no other variables, on a terminal
    /// of so many columns and rows.
    pub(crate) fn start(
        program: impl AsRef<OsStr>,
        arguments: &[&str],
        variables: &[(&str, &str)],
        (columns, rows): (u16, u16),
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let settings = settings(pair.master.as_ref());
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program");
        // Its end is seen only when nobody else has the terminal open.
        drop(pair.slave);
        let seen = Arc::new(SharedOutput::default());
        resize(&seen, (columns, rows));
        let reader = pair.master.try_clone_reader().expect("a reader");
        let sink = Arc::clone(&seen);
        let reader = Builder::new().spawn(move || read(reader, &sink)).expect("a thread");
        Self {
            seen,
            input: Some(pair.master.take_writer().expect("a writer")),
            child,
            master: Some(pair.master),
            reader: Some(reader),
            settings,
        }
    }

    /// Waits until the program's output is as `wanted` says.
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&ScreenView<'_>) -> bool) {
        self.wait_for(what, |output| {
            wanted(&ScreenView { screen: output.parser.screen(), bytes: &output.bytes })
        });
    }

    /// Waits until the screen shows a text.
    pub(crate) fn wait_text(&self, text: &str) {
        self.wait(text, |view| view.has(text));
    }

    fn wait_for(&self, what: &str, wanted: impl Fn(&PtyOutput) -> bool) {
        let waiting = |output: &mut PtyOutput| !wanted(output);
        let outcome = self.seen.changed.wait_timeout_while(lock(&self.seen), MAX_WAIT, waiting);
        let (output, time) = outcome.unwrap_or_else(PoisonError::into_inner);
        let screen = output.parser.screen().contents();
        let last = output.bytes.len().saturating_sub(200);
        let last = String::from_utf8_lossy(output.bytes.get(last..).unwrap_or(&[])).into_owned();
        drop(output);
        assert!(!time.timed_out(), "{what} never came; the screen:\n{screen}\nlast: {last:?}");
    }

    /// What is seen now.
    pub(crate) fn inspect<T>(&self, at: impl FnOnce(&ScreenView<'_>) -> T) -> T {
        let output = lock(&self.seen);
        at(&ScreenView { screen: output.parser.screen(), bytes: &output.bytes })
    }

    /// The CPU time that the program has used, in hundredths of a second, where the system tells.
    pub(crate) fn cpu_ticks(&self) -> Option<u64> {
        let id = self.child.process_id()?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        ticks(&stat, [11, 12])
    }

    /// Its memory (resident set), in kilobytes, where the system tells.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        memory.split_whitespace().next()?.parse().ok()
    }

    /// Types keys, as the terminal sends them.
    pub(crate) fn keys(&mut self, keys: impl AsRef<[u8]>) {
        let mut input = self.input.take().expect("a terminal");
        let (keys, (done, typed)) = (keys.as_ref().to_vec(), channel());
        // A program that reads nothing stops whoever types.
        let typing = move || {
            let written = input.write_all(&keys).and_then(|()| input.flush());
            _ = done.send((input, written));
        };
        Builder::new().spawn(typing).expect("a thread");
        let (input, written) = typed.recv_timeout(MAX_WAIT).expect("a program that reads keys");
        written.expect("a terminal that takes keys");
        self.input = Some(input);
    }

    /// From now on the terminal takes nothing more, as when its window does not respond: its buffer
    /// is full. For a program that writes all the time.
    pub(crate) fn stop_reading(&self) {
        lock(&self.seen).held = true;
        self.wait_for("the last bytes read", |output| output.still);
        // Who is in the middle of writing would say that there is no room.
        self.signal("STOP");
        self.wait_stopped();
        let name = self.master().tty_name().expect("a terminal's name");
        let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK;
        let terminal = rustix::fs::open(name, flags, Mode::empty()).expect("the terminal");
        let mut terminal = std::fs::File::from(terminal);
        // The system goes on making room for a moment: full is what stays full.
        let (mut full, moment) = (0, Duration::from_millis(2));
        while full < 50 {
            full = if terminal.write(&[0; 4096]).is_ok() { 0 } else { full + 1 };
            let output = lock(&self.seen);
            drop(self.seen.changed.wait_timeout(output, moment));
        }
        self.signal("CONT");
    }

    /// The terminal comes to itself.
    pub(crate) fn resume_reading(&self) {
        let mut output = lock(&self.seen);
        (output.held, output.still) = (false, false);
        drop(output);
        self.seen.changed.notify_all();
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, size: (u16, u16)) {
        resize(&self.seen, size);
        self.claim_size(size);
    }

    /// Has the terminal claim another size than what is looked at.
    pub(crate) fn claim_size(&self, (columns, rows): (u16, u16)) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master().resize(size).expect("another size");
    }

    /// Sends the program a signal, by its name without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid()]).status();
        assert!(sent.expect("kill").success(), "SIG{name} could not be sent");
    }

    /// Does as a shell would that has the terminal.
    pub(crate) fn at_the_shell(&self, commands: &str) {
        let name = self.master().tty_name().expect("a terminal's name");
        let run = format!("{{ {commands}; }} <{0} >{0}", name.display());
        let done = Command::new("sh").args(["-c", &run]).status();
        assert!(done.expect("sh").success(), "{commands}");
    }

    /// Waits until the program is stopped, as a shell would see it.
    pub(crate) fn wait_stopped(&self) {
        let waiting = Stopwatch::start();
        loop {
            let state = Command::new("ps").args(["-o", "stat=", "-p", &self.pid()]).output();
            if state.expect("ps").stdout.starts_with(b"T") {
                return;
            }
            waiting.assert_in_time("a stopped program");
        }
    }

    /// Asserts that the terminal takes keys as it did before the program came.
    pub(crate) fn assert_settings_are_back(&self) {
        assert_eq!(settings(self.master()), self.settings, "how the terminal takes keys");
    }

    /// Asserts that the program takes keys one by one.
    pub(crate) fn assert_settings_are_taken(&self) {
        assert_ne!(settings(self.master()), self.settings, "how the terminal takes keys");
    }

    /// Asserts that after at most a few more frames nothing is written for a while.
    pub(crate) fn assert_quiet(&self) {
        const WHILE: Duration = Duration::from_millis(300);
        let mut output = lock(&self.seen);
        let mut quiet = false;
        for _ in 0..20 {
            let before = output.bytes.len();
            let same = |output: &mut PtyOutput| output.bytes.len() == before;
            let outcome = self.seen.changed.wait_timeout_while(output, WHILE, same);
            let (now, time) = outcome.unwrap_or_else(PoisonError::into_inner);
            output = now;
            quiet = time.timed_out();
            if quiet {
                break;
            }
        }
        drop(output);
        assert!(quiet, "the program goes on writing");
    }

    /// Takes the terminal away, as when its window is closed; returns the program's exit code.
    pub(crate) fn hang_up(mut self) -> u32 {
        lock(&self.seen).closed = true;
        // The reader notices with the next byte, which a key brings.
        self.keys("?");
        self.reader.take().map(JoinHandle::join);
        self.input = None;
        self.master = None;
        self.exit_code()
    }

    /// Waits for the program to end; returns its exit code.
    pub(crate) fn exit_code(&mut self) -> u32 {
        let waiting = Stopwatch::start();
        loop {
            if let Some(status) = self.child.try_wait().expect("the program's state") {
                return status.exit_code();
            }
            waiting.assert_in_time("the program's end");
        }
    }

    /// Waits for the program to end, and asserts that its terminal is as it was.
    pub(crate) fn wait_for_exit(mut self) -> PtyExit {
        let ended = self.end();
        self.assert_settings_are_back();
        let output = lock(&self.seen);
        let screen = output.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pastes come as they are");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(screen.fgcolor(), vt100::Color::Default, "colours are reset");
        assert_eq!(screen.bgcolor(), vt100::Color::Default, "colours are reset");
        drop(output);
        ended
    }

    fn end(&mut self) -> PtyExit {
        self.wait_for("the program's end", |output| output.closed);
        let status = self.child.wait().expect("an exit status");
        self.reader.take().map(JoinHandle::join);
        let output = lock(&self.seen);
        PtyExit {
            code: status.exit_code(),
            output: String::from_utf8_lossy(&output.bytes).into_owned(),
            screen: output.parser.screen().contents(),
        }
    }

    fn master(&self) -> &dyn MasterPty {
        self.master.as_deref().expect("the terminal is there")
    }

    /// Its process, by number.
    pub(crate) fn pid(&self) -> String {
        self.child.process_id().expect("a running program").to_string()
    }
}

/// Ends a wait that no notice ends.
struct Stopwatch(Clock);

impl Stopwatch {
    fn start() -> Self {
        Self(Clock::system())
    }

    fn assert_in_time(&self, what: &str) {
        assert!(self.0.now() < MAX_WAIT.into(), "{what} never came");
    }
}

impl Drop for Pty {
    /// A test that failed leaves no program behind.
    fn drop(&mut self) {
        _ = self.child.kill();
    }
}

fn lock(seen: &SharedOutput) -> MutexGuard<'_, PtyOutput> {
    seen.output.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(mut terminal: Box<dyn Read + Send>, seen: &SharedOutput) {
    let mut buffer = [0; 4096];
    loop {
        let mut output = lock(seen);
        while output.held {
            output.still = true;
            seen.changed.notify_all();
            output = seen.changed.wait(output).unwrap_or_else(PoisonError::into_inner);
        }
        drop(output);
        // Linux says an error, not an end, when the last program has closed the terminal.
        let count = terminal.read(&mut buffer).unwrap_or(0);
        let new = buffer.get(..count).unwrap_or(&[]);
        let mut output = lock(seen);
        output.parser.process(new);
        output.bytes.extend_from_slice(new);
        output.closed |= count == 0;
        let closed = output.closed;
        drop(output);
        seen.changed.notify_all();
        if closed {
            return;
        }
    }
}

fn resize(seen: &SharedOutput, (columns, rows): (u16, u16)) {
    let (rows, columns) = (rows.try_into().expect("rows"), columns.try_into().expect("columns"));
    lock(seen).parser.screen_mut().set_size(rows, columns);
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal's settings"))
}

/// The sum of two fields of a process's stat file (proc(5)), counted after its name.
pub(crate) fn ticks(stat: &str, fields: [usize; 2]) -> Option<u64> {
    let (_, stat) = stat.rsplit_once(')')?;
    let fields = fields.map(|field| stat.split_whitespace().nth(field)?.parse::<u64>().ok());
    Some(fields[0]? + fields[1]?)
}
