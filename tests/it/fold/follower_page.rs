//! Packed pages of followers, checked against plain lists.

use proptest::prelude::*;
use proptest::sample::select;
use threadline::model::{Follower, FollowerPage};

use super::config;

/// Realistic followers, arbitrary ones, and ones with texts around the length limits of the
/// packing.
fn follower() -> impl Strategy<Value = Follower<'static>> {
    let text = || prop_oneof![8 => any::<String>(), 1 => "[a-b]{250,260}", 1 => "[é]{250,260}"];
    let host = select(vec!["https://github.com/", "https://host.example/", ""]);
    let url = prop_oneof![3 => host.prop_map(Err), 1 => text().prop_map(Ok)];
    (any::<u64>(), text(), url).prop_map(|(id, login, url)| {
        let html_url = url.unwrap_or_else(|host| format!("{host}{login}"));
        Follower { id, login: login.into(), html_url: html_url.into() }
    })
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn page_returns_the_followers_it_was_built_from(
        followers in prop::collection::vec(follower(), 0..20),
        others in prop::collection::vec(follower(), 0..3),
    ) {
        let page: FollowerPage = followers.iter().cloned().collect();
        prop_assert_eq!(page.iter().collect::<Vec<_>>(), &*followers);
        let ids: Vec<u64> = followers.iter().map(|follower| follower.id).collect();
        prop_assert_eq!((page.ids(), page.len()), (&*ids, followers.len()));
        prop_assert_eq!(page.is_empty(), followers.is_empty());
        prop_assert_eq!(others.iter().cloned().collect::<FollowerPage>() == page, others == followers);
    }

    #[test]
    fn page_is_serialized_as_a_list_of_followers(
        followers in prop::collection::vec(follower(), 0..20),
    ) {
        let page: FollowerPage = followers.iter().cloned().collect();
        let wire = serde_json::to_string(&followers).unwrap();
        prop_assert_eq!(&serde_json::to_string(&page).unwrap(), &wire);
        prop_assert_eq!(serde_json::from_str::<FollowerPage>(&wire).unwrap(), page);
    }
}

#[test]
fn page_parser_accepts_any_key_order_and_requires_every_key() {
    let read = serde_json::from_str::<FollowerPage>;
    let page = read(r#"[{"html_url":"u","x":[{}],"id":7,"login":"\u006ca","y":null}]"#).unwrap();
    let follower = Follower { id: 7, login: "la".into(), html_url: "u".into() };
    assert_eq!(page.iter().collect::<Vec<_>>(), [follower]);
    for missing in [
        r#"[{"html_url":"u","id":7}]"#,
        r#"[{"html_url":"u","login":"l"}]"#,
        r#"[{"id":7,"login":"l"}]"#,
    ] {
        assert!(read(missing).unwrap_err().to_string().contains("missing field"), "{missing}");
    }
}
