//! Selection of the requests that a fault applies to, and lists that change while they are read.

use threadline::server::{DEFAULT_USER, Server};

use crate::server::raw_client::*;

fn get_statuses(server: &Server, targets: &[&str]) -> Vec<u16> {
    let mut client = RawClient::connect(server);
    targets.iter().map(|target| client.get(target).status).collect()
}

fn page_path(number: u32) -> String {
    followers_path(&format!("?page={number}&per_page=10"))
}

#[test]
fn fault_applies_to_paths_by_login_and_by_id() {
    let server = faulty_server(
        127,
        r#"{"page":2,"fault":"status","status":502},{"page":"profile","fault":"status","status":500}"#,
    );
    let by_id = |path: &str| {
        let id = fetch_profile_id(&mut RawClient::connect(&instant_server(0)));
        format!("/user/{id}{path}")
    };
    let profile = format!("/users/{DEFAULT_USER}");
    let targets = [
        (followers_path("?page=1"), 200),
        (followers_path("?page=2&per_page=7"), 502),
        (by_id("/followers?page=2"), 200),
        (by_id("/followers?page=2"), 502),
        (by_id(""), 500),
        (profile, 200),
        ("/users/nobody".to_owned(), 404),
        ("/rate_limit".to_owned(), 200),
    ];
    for (target, status) in targets {
        assert_eq!(get_statuses(&server, &[&target]), [status], "{target}");
    }
}

/// This way the fault affects both runs of a race.
#[test]
fn fault_lets_one_request_pass_and_then_applies_again() {
    let server = faulty_server(127, r#"{"page":2,"times":2,"fault":"status","status":502}"#);
    let target = page_path(2);
    assert_eq!(get_statuses(&server, &[&*target; 7]), [502, 502, 200, 502, 502, 200, 502]);
    let always = faulty_server(127, r#"{"page":2,"times":0,"fault":"status","status":502}"#);
    assert_eq!(get_statuses(&always, &[&*target; 4]), [502; 4]);
}

#[test]
fn faults_do_not_apply_to_head_requests() {
    let server = faulty_server(127, r#"{"fault":"stall"},{"fault":"left","count":100}"#);
    let mut client = RawClient::connect(&server);
    client.send(&request("HEAD", &followers_path("")));
    let head = client.read_head();
    assert!(head.status == 200 && head.header("link").unwrap().contains("page=5"));
}

/// GitHub does this with long lists: Link names pages that are then rejected.
#[test]
fn pages_can_be_rejected_from_a_given_page_although_links_name_them() {
    let server = faulty_server(50, r#"{"from":4,"times":0,"fault":"status","status":422}"#);
    let pages: Vec<String> = (1..=6).map(page_path).collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    assert_eq!(get_statuses(&server, &pages), [200, 200, 200, 422, 422, 422]);
    let link = RawClient::connect(&server).get(pages[2]);
    assert!(link.header("link").unwrap().contains(r#"page=4>; rel="next""#));
}

/// Fetches pages 1 to 5, once each; returns the positions of their users in the original list.
fn fetch_positions(faults: &str) -> (Vec<Vec<Option<usize>>>, Server) {
    let server = faulty_server(50, faults);
    let before =
        RawClient::connect(&instant_server(50)).get(&followers_path("?per_page=50")).users();
    let mut client = RawClient::connect(&server);
    let positions = |number| {
        let users = client.get(&page_path(number)).users();
        users.iter().map(|user| before.iter().position(|other| other == user)).collect()
    };
    ((1..=5).map(positions).collect(), server)
}

#[test]
fn users_joining_at_the_front_repeat_others_on_the_next_page() {
    let (pages, server) = fetch_positions(r#"{"page":2,"fault":"joined","count":3}"#);
    let all: Vec<usize> = pages.iter().flatten().copied().map(Option::unwrap).collect();
    let expected: Vec<usize> = (0..10).chain(7..47).collect();
    assert_eq!(all, expected);
    let mut client = RawClient::connect(&server);
    assert_eq!(client.get(&page_path(6)).users().len(), 3, "a new page");
    assert_eq!(client.get(&page_path(2)).users().len(), 10);
    assert_eq!(client.get(&page_path(6)).users().len(), 3, "users join only once");
    assert_eq!(client.get(&format!("/users/{DEFAULT_USER}")).json()["followers"], 53);
}

#[test]
fn users_leaving_at_the_front_make_the_client_miss_others() {
    let (pages, _server) = fetch_positions(r#"{"page":3,"fault":"left","count":5}"#);
    let all: Vec<usize> = pages.iter().flatten().copied().map(Option::unwrap).collect();
    let expected: Vec<usize> = (0..20).chain(25..50).collect();
    assert_eq!(all, expected);
}

#[test]
fn changes_at_the_back_remove_and_add_pages() {
    let (pages, server) = fetch_positions(
        r#"{"page":2,"fault":"left","count":25,"at":"back"},{"page":4,"fault":"joined","count":8,"at":"back"}"#,
    );
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 5, 3, 0]);
    let link = RawClient::connect(&server).get(&page_path(1)).header("link").unwrap().to_owned();
    assert!(link.contains(r#"page=4>; rel="last""#), "{link}");
}

#[test]
fn list_changes_combine_with_other_faults() {
    let faults = r#"{"every":2,"fault":"left"},{"every":2,"fault":"status","status":500}"#;
    let server = faulty_server(50, faults);
    let targets = [page_path(2), page_path(2), page_path(4), page_path(4), page_path(2)];
    let targets = targets.each_ref().map(String::as_str);
    assert_eq!(get_statuses(&server, &targets), [500, 200, 500, 200, 500]);
    let profile = RawClient::connect(&server).get(&format!("/users/{DEFAULT_USER}"));
    assert_eq!(profile.json()["followers"], 48);
}
