//! The waits that sights of threads show.

use crate::source::program::reading::Sight;
use crate::source::program::wait_reason::Wait;

/// Returns `true` for the letters of a thread that a signal or a debugger has stopped.
pub(super) const fn is_stop(letter: char) -> bool {
    matches!(letter, 'T' | 't')
}

/// Returns the wait that a sight shows.
pub(super) fn read_sight(sight: &Sight) -> Option<Wait> {
    match sight {
        Sight::Call { line, abi, owner, file } => {
            Wait::from_line(line, *abi, *owner, file.as_deref())
        }
        Sight::Function(function) => Wait::from_kernel_function(function),
        Sight::Letter(letter) if is_stop(*letter) => Some(Wait::STOPPED),
        Sight::Letter(_) | Sight::Unchanged | Sight::Denied => None,
    }
}
