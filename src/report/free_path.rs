//! Unused file names.

use std::fs;
use std::path::PathBuf;

/// The maximum number of names tried. The last one is returned without a check.
const MAX_TRIED_NAMES: u32 = 10_000;

/// Returns the first of `stem.ending`, `stem-2.ending`, ... that does not exist in the working
/// directory.
pub fn free_path(stem: &str, ending: &str) -> PathBuf {
    let name = |number: u32| match number {
        1 => PathBuf::from(format!("{stem}.{ending}")),
        _ => PathBuf::from(format!("{stem}-{number}.{ending}")),
    };
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    (1..MAX_TRIED_NAMES).map(name).find(is_free).unwrap_or_else(|| name(MAX_TRIED_NAMES))
}
