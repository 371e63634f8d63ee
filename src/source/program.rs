//! Programs that are watched from outside: processes of the system, in any language.

pub mod python;
