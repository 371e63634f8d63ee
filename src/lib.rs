//! threadline shows thread activity live: it fetches the pages of a GitHub user's followers, computes,
//! or runs commands, one task after another, then with worker threads, under a GIL or without, and in
//! processes, and draws each worker's life on one time axis.
//!
//! # The map of this house
//!
//! What happens is told in [`model::Event`]s: workers stamp and send them over a channel, and
//! everything that a person sees or takes along is a fold of them. Dependencies point one way, and a
//! test holds that: `tui → ui → app → model`, `tui → engine → github → model`, `tui → export → model`,
//! `recording → app`, `recording → export`.
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
//! whose [`engine::Worker`] asks [`github::Client`] for a page once the run's gate lets it; events
//! come back through the channel, and [`app::Session`] folds them into the [`model::Run`] that [`ui`]
//! draws. Other kinds of tasks are other [`engine::Job`]s: [`engine::compute`], under [`engine::gil`] or
//! not; one that [`engine::process`] has a worker process do; a person's commands. A simulated run has no
//! workers at all: [`engine::simulate`] computes its events.

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
