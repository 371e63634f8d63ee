//! Which requests a fault meets, and lists that move while they are read.

use threadline::github::server::{DEFAULT_USER, Server};

use crate::client::*;

fn statuses(server: &Server, targets: &[&str]) -> Vec<u16> {
    let mut client = RawClient::to(server);
    targets.iter().map(|target| client.get(target).status).collect()
}

fn page(number: u32) -> String {
    followers(&format!("?page={number}&per_page=10"))
}

#[test]
fn a_fault_meets_a_page_or_the_profile_by_whatever_address() {
    let server = faulty(
        127,
        r#"{"page":2,"fault":"status","status":502},{"page":"profile","fault":"status","status":500}"#,
    );
    let numbered = |path: &str| {
        let id = profile_id(&mut RawClient::to(&quick(0)));
        format!("/user/{id}{path}")
    };
    let profile = format!("/users/{DEFAULT_USER}");
    let targets = [
        (followers("?page=1"), 200),
        (followers("?page=2&per_page=7"), 502),
        (numbered("/followers?page=2"), 200),
        (numbered("/followers?page=2"), 502),
        (numbered(""), 500),
        (profile, 200),
        ("/users/nobody".to_owned(), 404),
        ("/rate_limit".to_owned(), 200),
    ];
    for (target, status) in targets {
        assert_eq!(statuses(&server, &[&target]), [status], "{target}");
    }
}

#[test]
fn a_fault_heals_for_one_answer_so_that_both_halves_of_a_race_meet_it() {
    let server = faulty(127, r#"{"page":2,"times":2,"fault":"status","status":502}"#);
    let target = page(2);
    assert_eq!(statuses(&server, &[&*target; 7]), [502, 502, 200, 502, 502, 200, 502]);
    let always = faulty(127, r#"{"page":2,"times":0,"fault":"status","status":502}"#);
    assert_eq!(statuses(&always, &[&*target; 4]), [502; 4]);
}

#[test]
fn head_meets_no_fault() {
    let server = faulty(127, r#"{"fault":"stall"},{"fault":"left","count":100}"#);
    let mut client = RawClient::to(&server);
    client.send(&request("HEAD", &followers("")));
    let head = client.head();
    assert!(head.status == 200 && head.header("link").unwrap().contains("page=5"));
}

/// GitHub's own way for long lists: Link names pages that are not given.
#[test]
fn pages_from_one_on_may_be_hidden() {
    let server = faulty(50, r#"{"from":4,"times":0,"fault":"status","status":422}"#);
    let pages: Vec<String> = (1..=6).map(page).collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    assert_eq!(statuses(&server, &pages), [200, 200, 200, 422, 422, 422]);
    let link = RawClient::to(&server).get(pages[2]);
    assert!(link.header("link").unwrap().contains(r#"page=4>; rel="next""#));
}

/// What a client gets that asks for pages 1 to 5, each once: place in the list as it was.
fn read(faults: &str) -> (Vec<Vec<Option<usize>>>, Server) {
    let server = faulty(50, faults);
    let before = RawClient::to(&quick(50)).get(&followers("?per_page=50")).users();
    let mut client = RawClient::to(&server);
    let places = |number| {
        let users = client.get(&page(number)).users();
        users.iter().map(|user| before.iter().position(|other| other == user)).collect()
    };
    ((1..=5).map(places).collect(), server)
}

#[test]
fn who_joins_at_the_front_makes_others_come_twice() {
    let (pages, server) = read(r#"{"page":2,"fault":"joined","count":3}"#);
    let all: Vec<usize> = pages.iter().flatten().copied().map(Option::unwrap).collect();
    let expected: Vec<usize> = (0..10).chain(7..47).collect();
    assert_eq!(all, expected);
    let mut client = RawClient::to(&server);
    assert_eq!(client.get(&page(6)).users().len(), 3, "a page appeared");
    assert_eq!(client.get(&page(2)).users().len(), 10);
    assert_eq!(client.get(&page(6)).users().len(), 3, "they join but once");
    assert_eq!(client.get(&format!("/users/{DEFAULT_USER}")).json()["followers"], 53);
}

#[test]
fn who_leaves_at_the_front_makes_others_missed() {
    let (pages, _server) = read(r#"{"page":3,"fault":"left","count":5}"#);
    let all: Vec<usize> = pages.iter().flatten().copied().map(Option::unwrap).collect();
    let expected: Vec<usize> = (0..20).chain(25..50).collect();
    assert_eq!(all, expected);
}

#[test]
fn pages_at_the_end_come_and_go() {
    let (pages, server) = read(
        r#"{"page":2,"fault":"left","count":25,"at":"back"},{"page":4,"fault":"joined","count":8,"at":"back"}"#,
    );
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 5, 3, 0]);
    let link = RawClient::to(&server).get(&page(1)).header("link").unwrap().to_owned();
    assert!(link.contains(r#"page=4>; rel="last""#), "{link}");
}

#[test]
fn a_list_that_moves_can_break_besides() {
    let faults = r#"{"every":2,"fault":"left"},{"every":2,"fault":"status","status":500}"#;
    let server = faulty(50, faults);
    let targets = [page(2), page(2), page(4), page(4), page(2)];
    let targets = targets.each_ref().map(String::as_str);
    assert_eq!(statuses(&server, &targets), [500, 200, 500, 200, 500]);
    let profile = RawClient::to(&server).get(&format!("/users/{DEFAULT_USER}"));
    assert_eq!(profile.json()["followers"], 48);
}
