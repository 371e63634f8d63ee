//! SVG export: XML of bounded size, with every lane and without active content.

use roxmltree::{Document, Node};
use threadline::model::Background;
use threadline::report::{ReportSubject, svg};

use super::{
    auto_run, cpu_race_with_crash, hostile_commands, race, race_with_failures, running_race,
    runs_subject, subject, wide_run,
};
use crate::app_driver::AppDriver;

/// The maximum size of the example in bytes, as the README promises.
const MAX_EXAMPLE_SIZE: usize = 200_000;

/// The maximum size of any SVG in bytes, as the documentation promises.
const MAX_SIZE: usize = 2_000_000;

fn write_svg(subject: &ReportSubject<'_>) -> String {
    let mut out = Vec::new();
    svg::write(&mut out, subject).unwrap();
    String::from_utf8(out).unwrap()
}

/// Parses an SVG, and checks that it has no active or external content.
fn parse_svg(svg: &str) -> Document<'_> {
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

fn lane_titles(document: &Document<'_>) -> Vec<String> {
    let groups = document.descendants().filter(|node| node.has_tag_name("g"));
    let titles =
        groups.filter_map(|group| group.children().find(|node| node.has_tag_name("title")));
    titles.filter_map(|title| title.text().map(str::to_owned)).collect()
}

#[test]
fn race_is_drawn_with_every_lane() {
    let driver = race();
    let svg = write_svg(&subject(&driver, Background::Light));
    assert!(svg.len() < MAX_EXAMPLE_SIZE, "{}", svg.len());
    let document = parse_svg(&svg);
    assert_eq!(lane_titles(&document).len(), 6);
    assert!(lane_titles(&document)[0].starts_with("main: waiting "));
    insta::assert_snapshot!(svg);
}

#[test]
fn unused_workers_are_counted_but_not_drawn() {
    let runs = [auto_run()];
    let svg = write_svg(&runs_subject(&runs));
    assert_eq!(lane_titles(&parse_svg(&svg)).len(), 2);
    assert!(svg.contains(">48 more workers were not needed<"), "{svg}");
}

#[test]
fn summary_mentions_retried_requests() {
    let driver = race_with_failures();
    let svg = write_svg(&subject(&driver, Background::Light));
    assert!(svg.contains(" requests were retried"), "{svg}");
}

#[test]
fn dark_and_light_differ_only_in_colours() {
    let driver = race();
    let [light, dark] = [Background::Light, Background::Dark].map(|background| {
        let svg = write_svg(&subject(&driver, background));
        let document = parse_svg(&svg);
        let elements = document.descendants().filter(Node::is_element).map(|node| {
            let position = ["x", "y", "d"].map(|name| node.attribute(name).map(str::to_owned));
            (node.tag_name().name().to_owned(), position, node.text().map(str::to_owned))
        });
        elements.collect::<Vec<_>>()
    });
    assert_eq!(light, dark);
}

#[test]
fn every_lane_and_state_is_drawn_whatever_happens() {
    for (driver, count, labels) in [
        (race_with_failures(), 9, &["rate limited", "error", "quota"][..]),
        (cpu_race_with_crash(), 13, &["lock wait", "starting", "computing"]),
        (running_race(), 6, &["still running", "in flight"]),
    ] {
        let svg = write_svg(&subject(&driver, Background::Dark));
        assert_eq!(lane_titles(&parse_svg(&svg)).len(), count);
        for label in labels {
            assert!(svg.contains(label), "{label}");
        }
    }
}

#[test]
fn stopped_run_is_labelled_and_a_race_without_runs_is_empty() {
    let driver = AppDriver::race();
    assert_eq!(write_svg(&subject(&driver, Background::Light)), "", "no run has started");
    let mut driver = running_race();
    driver.press(ratatui::crossterm::event::KeyCode::Char('x'));
    let driver = driver.play_to_end();
    let svg = write_svg(&subject(&driver, Background::Light));
    parse_svg(&svg);
    assert!(svg.contains("Threads (no GIL) x5: 0 of 5 pages fetched, then stopped"), "{svg}");
}

#[test]
fn hostile_names_are_escaped() {
    let runs = [hostile_commands()];
    let svg = write_svg(&runs_subject(&runs));
    parse_svg(&svg);
    assert!(!svg.contains('\u{1b}') && !svg.contains('\u{202e}') && !svg.contains("<b>"), "{svg}");
    assert!(svg.contains("\\u{1b}[2J&quot;&lt;b&gt;&amp;&#39;"), "{svg}");
}

#[test]
fn a_thousand_lanes_stay_within_the_size_limit() {
    let runs = [wide_run(1_000, 25)];
    let svg = write_svg(&runs_subject(&runs));
    assert!((MAX_SIZE / 20..=MAX_SIZE).contains(&svg.len()), "{}", svg.len());
    assert_eq!(lane_titles(&parse_svg(&svg)).len(), 1_000);
}
