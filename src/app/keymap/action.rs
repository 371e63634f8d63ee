//! The actions that keys are bound to.

/// An action that keys are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Shows the mode with this index.
    Mode(usize),
    /// Shows the next mode.
    NextMode,
    /// Shows the previous mode.
    PreviousMode,
    /// Shows the next workload.
    NextWorkload,
    /// Removes a worker from the next run on.
    FewerWorkers,
    /// Adds a worker from the next run on.
    MoreWorkers,
    /// Runs the mode shown again.
    Run,
    /// Stops the active run.
    Stop,
    /// Lets the program that is watched go on without this one.
    LetGo,
    /// Switches CPU work between simulated and real.
    Simulate,
    /// Shows the switches of the GIL, or goes back to the view before.
    ShowGil,
    /// Slows down the playback.
    Slower,
    /// Speeds up the playback.
    Faster,
    /// Pauses or resumes the view; in a recording or a simulation, the playback.
    Pause,
    /// Shows less time in more detail.
    ZoomIn,
    /// Shows more time in less detail.
    ZoomOut,
    /// Fits the whole run into the view.
    Fit,
    /// Pans to earlier times.
    PanLeft,
    /// Pans to later times.
    PanRight,
    /// Goes to the start of the run.
    Start,
    /// Goes to the latest time and follows it.
    Follow,
    /// Selects the next lane.
    NextLane,
    /// Selects the previous lane.
    PreviousLane,
    /// Moves the selection ten lanes down.
    NextLanes,
    /// Moves the selection ten lanes up.
    PreviousLanes,
    /// Goes to the previous span of the selected lane; in the output, to the previous command.
    PreviousSpan,
    /// Goes to the next span of the selected lane; in the output, to the next command.
    NextSpan,
    /// Moves the cursor one cell earlier.
    CursorLeft,
    /// Moves the cursor one cell later.
    CursorRight,
    /// Inspects the span under the cursor, or shows the output of a command.
    Inspect,
    /// Starts or ends a range at the cursor.
    Range,
    /// Fits the range, or else the span, into the view.
    FitSelection,
    /// Hides the threads of a watched program that only waited, or shows them.
    HideWaiting,
    /// Orders the threads of a watched program by work, name or age.
    Order,
    /// Searches for a page, a login, a status or an error.
    Find,
    /// Goes to the next match.
    NextFound,
    /// Goes to the previous match.
    PreviousFound,
    /// Opens or closes the table of all tasks.
    Table,
    /// Sorts the table by the next column.
    NextColumn,
    /// Sorts the table by the previous column.
    PreviousColumn,
    /// Compares with the next baseline.
    Compare,
    /// Opens the export menu.
    Export,
    /// Steps the playback back by one event.
    StepBack,
    /// Steps the playback forward by one event.
    StepForward,
    /// Moves the playback back by a twentieth of its duration.
    ScrubBack,
    /// Moves the playback forward by a twentieth of its duration.
    ScrubForward,
    /// Confirms the answer to a question of a lesson, or continues with the next step.
    LessonNext,
    /// Goes back to the previous step of a lesson.
    LessonBack,
    /// Plays until the GIL changes hands, and pauses there.
    PauseAtSwitch,
    /// Switches between the dark and the light theme.
    Theme,
    /// Shows the key bindings.
    Help,
    /// Closes what is open, one step at a time; never quits.
    Back,
    /// Quits; asks for confirmation during a run.
    Quit,
    /// Quits immediately.
    Interrupt,
    /// Suspends the program and returns to the shell.
    Suspend,
}

impl Action {
    /// Returns `true` if the action chooses what runs next, or what runs are compared with.
    pub(in crate::app) const fn chooses_runs(self) -> bool {
        matches!(
            self,
            Self::Mode(_)
                | Self::NextMode
                | Self::PreviousMode
                | Self::NextWorkload
                | Self::FewerWorkers
                | Self::MoreWorkers
                | Self::Simulate
                | Self::Compare
        )
    }
}
