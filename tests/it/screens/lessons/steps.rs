//! The keys of each step.
