//! Lessons on the screen: the list, the steps of a lesson, and the keys in each.

mod course;
mod drawing;
mod reading;
mod steps;
