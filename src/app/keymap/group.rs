//! The groups of actions in the help.

use super::Action;

/// A group of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyGroup {
    /// Choosing, starting and stopping runs.
    Run,
    /// The part of the runs that is looked at.
    Look,
    /// Comparing and finding attempts.
    Compare,
    /// The steps of a lesson.
    Lessons,
    /// Exports, the help, and leaving.
    Export,
}

impl KeyGroup {
    /// All groups, in the order of the help.
    pub const ALL: [Self; 5] = [Self::Lessons, Self::Run, Self::Look, Self::Compare, Self::Export];

    /// The heading of the group.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Run => "Run",
            Self::Look => "Look",
            Self::Compare => "Compare and find",
            Self::Lessons => "Lessons",
            Self::Export => "Export, help, leave",
        }
    }
}

impl Action {
    /// The group of the action.
    pub const fn group(self) -> KeyGroup {
        match self {
            Self::Mode(_)
            | Self::NextMode
            | Self::PreviousMode
            | Self::NextWorkload
            | Self::FewerWorkers
            | Self::MoreWorkers
            | Self::Run
            | Self::Stop
            | Self::LetGo
            | Self::Simulate
            | Self::Slower
            | Self::Faster
            | Self::Pause
            | Self::StepBack
            | Self::StepForward
            | Self::ScrubBack
            | Self::ScrubForward => KeyGroup::Run,
            Self::ZoomIn
            | Self::ShowGil
            | Self::ZoomOut
            | Self::Fit
            | Self::PanLeft
            | Self::PanRight
            | Self::Start
            | Self::Follow
            | Self::NextLane
            | Self::PreviousLane
            | Self::NextLanes
            | Self::PreviousLanes
            | Self::PreviousSpan
            | Self::NextSpan
            | Self::CursorLeft
            | Self::CursorRight
            | Self::Inspect
            | Self::HideWaiting
            | Self::Order
            | Self::Range
            | Self::FitSelection => KeyGroup::Look,
            Self::Find
            | Self::NextFound
            | Self::PreviousFound
            | Self::Table
            | Self::NextColumn
            | Self::PreviousColumn
            | Self::Compare => KeyGroup::Compare,
            Self::LessonNext | Self::LessonBack | Self::PauseAtSwitch => KeyGroup::Lessons,
            Self::Export
            | Self::Theme
            | Self::Help
            | Self::Back
            | Self::Quit
            | Self::Interrupt
            | Self::Suspend => KeyGroup::Export,
        }
    }
}
