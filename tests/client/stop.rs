//! A stop ends requests in flight, whatever the server does.

use std::net::TcpListener;

use threadline::github::Api;
use threadline::model::{End, Outcome, State, Workload};

use super::peer::{Peer, Step, answer, head};
use super::{Sitting, body, pages, plan};

/// Stops `workers` once they have said together so many times that they are in `state`, on a server
/// that then says nothing more.
fn stopped_in(state: State, times: u16, workers: u16, steps: fn() -> Vec<Step>) {
    let peer = Peer::start(move |_| steps());
    let plan = plan(Workload::Followers, workers, u32::from(workers) + 5);
    let mut sitting = Sitting::start(Api::new(&peer.url(), None).unwrap(), plan);
    for _ in 0..times {
        sitting.until(state);
    }
    sitting.handle.stop();
    let sitting = sitting.ended();
    assert_eq!(sitting.run.end(), Some(&End::Stopped));
    assert_eq!(sitting.run.in_flight(), 0);
    let stopped = |outcome: &Option<Outcome>| *outcome == Some(Outcome::Stopped);
    let tasks: Vec<_> = sitting.run.tasks().collect();
    assert!(tasks.len() >= usize::from(workers));
    assert!(tasks.iter().all(|(_, record)| stopped(&record.outcome)), "{tasks:?}");
}

#[test]
fn while_the_server_does_not_answer() {
    // Each waits once before it connects, and then for the answer.
    stopped_in(State::Waiting, 2, 1, || vec![Step::Stall]);
    stopped_in(State::Waiting, 40, 20, || vec![Step::Stall]);
}

#[test]
fn in_the_middle_of_a_body() {
    let half = || vec![Step::Send(head(200, "", 1_000)), Step::Send(vec![b'['; 10]), Step::Stall];
    stopped_in(State::Receiving, 1, 1, half);
    stopped_in(State::Receiving, 20, 20, half);
}

/// Nobody answers the handshake that https begins with.
#[test]
fn while_connecting() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let mut sitting = Sitting::start(Api::new(&url, None).unwrap(), pages(1));
    sitting.until(State::Connecting);
    sitting.handle.stop();
    let sitting = sitting.ended();
    assert_eq!(sitting.run.end(), Some(&End::Stopped));
}

#[test]
fn what_was_fetched_before_is_kept() {
    let peer = Peer::start(|request| match request.page() {
        1 => vec![Step::Send(answer(200, "link: </x?page=9>; rel=\"last\"\r\n", body(1, 4)))],
        _ => vec![Step::Stall],
    });
    let mut sitting = Sitting::start(Api::new(&peer.url(), None).unwrap(), pages(9));
    sitting.until(State::Computing);
    sitting.until(State::Waiting);
    sitting.handle.stop();
    let sitting = sitting.ended();
    assert_eq!((sitting.run.done_tasks(), sitting.run.follower_count()), (1, 4));
    assert_eq!((sitting.run.queued(), sitting.run.is_whole()), (7, false));
}
