//! File names that nothing has yet.

use std::fs;
use std::path::PathBuf;

/// After so many names that are taken, the next is used: nobody has that many.
const MAX_TRIED_NAMES: u32 = 10_000;

/// The first of `stem.ending`, `stem-2.ending`, ... in the working directory that nothing has.
pub fn free_path(stem: &str, ending: &str) -> PathBuf {
    let name = |number: u32| match number {
        1 => PathBuf::from(format!("{stem}.{ending}")),
        _ => PathBuf::from(format!("{stem}-{number}.{ending}")),
    };
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    (1..MAX_TRIED_NAMES).map(name).find(is_free).unwrap_or_else(|| name(MAX_TRIED_NAMES))
}
