//! The built-in server on loopback: embedded default, demo and test double.
