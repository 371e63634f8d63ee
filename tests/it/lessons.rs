//! The lessons: their files, and that what they say is true of the runs they speak of.

mod documentation;
mod file_errors;
mod played_lesson;
mod reading;
mod truth;
