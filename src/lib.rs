//! threadline shows thread activity live: it fetches the pages of a GitHub user's followers, computes,
//! or runs commands, first one task after another, then with worker threads, with or without a GIL, and
//! with worker processes, and draws each worker's states on a shared time axis.
//!
//! # Overview
//!
//! Everything that happens is a [`model::Event`]: workers timestamp events and send them over a
//! channel, and the screen, the reports and the recordings are folds of them. Dependencies point one
//! way, which a test checks: `tui → ui → app → model`, `tui → engine → github → model`,
//! `tui → export → model`, `recording → app`, `recording → export`.
//!
//! | room | what it does |
//! | --- | --- |
//! | [`model`] | what happened: events, plans, lanes, runs, figures; no clock, no I/O, no terminal |
//! | [`github`] | GitHub's REST API: a client for one page, and the built-in server that answers like it |
//! | [`engine`] | makes things happen: the clock, worker threads and processes, the tasks they do |
//! | [`app`] | the state of a sitting: what runs next, what is shown, what a key does |
//! | [`ui`] | draws that state |
//! | [`tui`] | the terminal, and the loop that joins all of these |
//! | [`headless`] | the same without a screen; `threadline serve`, `threadline exec --plain` |
//! | [`recording`] | a sitting in a file, and the same sitting again |
//! | [`export`] | what a person takes along: reports, a trace, a picture, followers |
//! | [`cli`], [`command`], [`exit`] | arguments in, a command carried out, an exit code out |
//! | [`signals`], `writer` | what may end the program at any moment; what may take nothing for ever |
//! | [`resources`] | limits that the system sets, such as that of open files |
//!
//! To follow one run: [`app::App::update`] returns an [`app::Effect`] that holds a [`model::Plan`];
//! [`tui`] hands it to the [`engine::Launcher`]; [`engine::pool`] fills a queue and starts workers,
//! whose [`engine::Worker`] requests a page through [`github::Client`] once the run's rate limiter
//! grants a permit; events return through the channel, and [`app::Session`] folds them into the
//! [`model::Run`] that [`ui`] draws. Other kinds of tasks are other [`engine::Job`]s: CPU work
//! ([`engine::compute`]), optionally under [`engine::gil`]; tasks in worker processes
//! ([`engine::process`]); the user's commands. A simulated run has no workers: [`engine::simulate`]
//! computes its events.

pub mod app;
pub mod cli;
pub mod command;
pub mod engine;
pub mod exit;
pub mod export;
pub mod github;
pub mod headless;
pub mod model;
pub mod recording;
pub mod resources;
pub mod signals;
pub mod tui;
pub mod ui;
mod writer;
