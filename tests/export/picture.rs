//! The picture: an XML document of bounded size that has every lane, and nothing that acts.

use roxmltree::{Document, Node};
use threadline::export::{ReportSubject, svg};
use threadline::model::{Background, Selection, Workload};

use super::app_driver::{AppDriver, Scenario};
use super::{alone, computed, found, going_on, hostile, race, subject, troubled, wide};

/// The README says so of the example, and the documentation of any.
const EXAMPLE: usize = 200_000;
const ANY: usize = 2_000_000;

fn drawn(subject: &ReportSubject<'_>) -> String {
    let mut out = Vec::new();
    svg::write(&mut out, subject).unwrap();
    String::from_utf8(out).unwrap()
}

/// Reads it as XML; nothing in it runs, or comes from elsewhere.
fn parsed(svg: &str) -> Document<'_> {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}\n{svg}"));
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let known = ["svg", "g", "title", "desc", "rect", "path", "text", "pattern"];
        assert!(known.contains(&name), "{name}");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && name != "href" && name != "style", "{name}");
            assert!(!value.contains("url(") || value.starts_with("url(#threadline-"), "{value}");
        }
    }
    document
}

fn lanes(document: &Document<'_>) -> Vec<String> {
    let groups = document.descendants().filter(|node| node.has_tag_name("g"));
    let titles =
        groups.filter_map(|group| group.children().find(|node| node.has_tag_name("title")));
    titles.filter_map(|title| title.text().map(str::to_owned)).collect()
}

#[test]
fn the_race() {
    let driver = race();
    let svg = drawn(&subject(&driver, Background::Light));
    assert!(svg.len() < EXAMPLE, "{}", svg.len());
    let document = parsed(&svg);
    assert_eq!(lanes(&document).len(), 6);
    assert!(lanes(&document)[0].starts_with("main: busy "));
    insta::assert_snapshot!(svg);
}

#[test]
fn workers_that_were_not_needed_are_counted_not_drawn() {
    let runs = [found()];
    let svg = drawn(&alone(&runs));
    assert_eq!(lanes(&parsed(&svg)).len(), 2);
    assert!(svg.contains(">48 more workers were not needed<"), "{svg}");
}

#[test]
fn requests_made_again_are_in_the_sentence() {
    let driver = troubled();
    let svg = drawn(&subject(&driver, Background::Light));
    assert!(svg.contains(" requests were retried"), "{svg}");
}

#[test]
fn dark_differs_in_nothing_but_colours() {
    let driver = race();
    let [light, dark] = [Background::Light, Background::Dark].map(|background| {
        let svg = drawn(&subject(&driver, background));
        let document = parsed(&svg);
        let places = document.descendants().filter(Node::is_element).map(|node| {
            let place = ["x", "y", "d"].map(|name| node.attribute(name).map(str::to_owned));
            (node.tag_name().name().to_owned(), place, node.text().map(str::to_owned))
        });
        places.collect::<Vec<_>>()
    });
    assert_eq!(light, dark);
}

#[test]
fn every_lane_and_state_is_there_whatever_happens() {
    for (driver, count, words) in [
        (troubled(), 9, &["throttled", "error", "quota"][..]),
        (computed(), 13, &["lock wait", "starting", "computing"]),
        (going_on(), 6, &["still running", "in flight"]),
    ] {
        let svg = drawn(&subject(&driver, Background::Dark));
        assert_eq!(lanes(&parsed(&svg)).len(), count);
        for word in words {
            assert!(svg.contains(word), "{word}");
        }
    }
}

#[test]
fn a_stopped_or_failed_run_says_so() {
    let job = Scenario { unknown_user: true, ..Scenario::default() };
    let driver = AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end();
    assert_eq!(drawn(&subject(&driver, Background::Light)), "", "nothing has begun");
    let mut driver = going_on();
    driver.press(ratatui::crossterm::event::KeyCode::Char('x'));
    let driver = driver.play_to_end();
    let svg = drawn(&subject(&driver, Background::Light));
    parsed(&svg);
    assert!(svg.contains("threads x5: 0 of 5 pages fetched, then stopped"), "{svg}");
}

#[test]
fn hostile_names_are_text() {
    let runs = [hostile()];
    let svg = drawn(&alone(&runs));
    parsed(&svg);
    assert!(!svg.contains('\u{1b}') && !svg.contains('\u{202e}') && !svg.contains("<b>"), "{svg}");
    assert!(svg.contains("\\u{1b}[2J&quot;&lt;b&gt;&amp;&#39;"), "{svg}");
}

#[test]
fn a_thousand_lanes_fit() {
    let runs = [wide(1_000, 25)];
    let svg = drawn(&alone(&runs));
    assert!((ANY / 20..=ANY).contains(&svg.len()), "{}", svg.len());
    assert_eq!(lanes(&parsed(&svg)).len(), 1_000);
}
