//! threadline shows thread activity live.

pub mod app;
pub mod cli;
pub mod command;
pub mod engine;
pub mod exit;
pub mod export;
pub mod github;
pub mod headless;
pub mod model;
mod signals;
pub mod tui;
pub mod ui;
