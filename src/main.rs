//! Arguments in, exit code out.
use std::sync::Arc;
use threadline::app::{App, Background, Session};
use threadline::engine::{Clock, Launcher};
use threadline::github::Api;
use threadline::github::server::*;
use threadline::model::*;
use threadline::tui::{self, Look};
use threadline::ui::theme::{Depth, Glyphs};

fn main() {
    let server = Server::start(Settings {
        user: "aaronlelevier".into(),
        followers: 127,
        latency: Latency::Profile(LatencyProfile::built_in()),
        port: 0,
        wall_clock: threadline::engine::clock::wall_clock,
    })
    .unwrap();
    let api = Arc::new(Api::new(&server.url(), None).unwrap());
    let target = Target {
        user: "aaronlelevier".into(),
        api: "built-in server".into(),
        per_page: 30,
        costs_quota: false,
    };
    let app = App::new(Session::new(target, None), Selection::Race, Background::Dark);
    let launcher = Launcher::new(api, Clock::system());
    let arg = |name: &str| std::env::args().any(|arg| arg == name);
    let look = Look {
        background: if arg("dark") { Some(Background::Dark) } else { None },
        depth: Depth::of(|name| std::env::var(name).ok()),
        glyphs: if arg("--ascii") { Glyphs::Ascii } else { Glyphs::Unicode },
    };
    tui::run(app, &launcher, look).unwrap();
}
