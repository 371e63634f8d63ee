//! Property tests of page sizes and of arbitrary request bytes.

use std::collections::HashSet;
use std::io::{Read, Write};

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::server::raw_client::*;

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_page_size_returns_the_same_followers(per_page in 1_usize..=100) {
        let server = instant_server(127);
        let mut client = RawClient::connect(&server);
        let pages = |client: &mut RawClient, size: usize| {
            let page = |number| followers_path(&format!("?page={number}&per_page={size}"));
            (1..=127_usize.div_ceil(size))
                .flat_map(|number| client.get(&page(number)).users())
                .collect::<Vec<_>>()
        };
        let found = pages(&mut client, per_page);
        prop_assert_eq!(found.len(), 127);
        let logins: HashSet<_> = found.iter().map(|(login, _)| login).collect();
        let ids: HashSet<_> = found.iter().map(|(_, id)| id).collect();
        prop_assert_eq!((logins.len(), ids.len()), (127, 127));
        prop_assert_eq!(found, pages(&mut RawClient::connect(&instant_server(127)), 100));
    }

    #[test]
    fn arbitrary_bytes_do_not_stop_the_server(
        method in prop::sample::select(vec!["", "GET ", "HEAD ", "GET /users/"]),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        rest in prop::sample::select(vec!["", " HTTP/1.1\r\n\r\n", "\r\n\r\n", "?page=%\r\n"]),
    ) {
        let server = instant_server(3);
        let mut client = RawClient::connect(&server);
        let sent = [method.as_bytes(), &bytes, rest.as_bytes()].concat();
        client.stream.write_all(&sent).unwrap();
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut response = Vec::new();
        prop_assert!(client.stream.read_to_end(&mut response).is_ok());
        prop_assert!(response.is_empty() || response.starts_with(b"HTTP/1.1 "));
        prop_assert_eq!(RawClient::connect(&server).get("/rate_limit").status, 200);
    }
}
