//! Programs that are watched from outside.

mod python;
