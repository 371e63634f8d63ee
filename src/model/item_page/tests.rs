//! Items of bodies of every shape, kept as the server wrote them.

use super::*;

fn pointers(items: &str, id: &str) -> ItemPointers {
    let pointer = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    ItemPointers { items: pointer(items), id: pointer(id) }
}

fn page(body: &str, items: &str) -> ItemPage {
    ItemPage::from_json(body.as_bytes(), &pointers(items, "")).unwrap()
}

fn texts(body: &str, items: &str) -> Vec<String> {
    page(body, items).iter().map(str::to_owned).collect()
}

fn error(body: &[u8], items: &str, id: &str) -> String {
    ItemPage::from_json(body, &pointers(items, id)).unwrap_err().to_string()
}

#[test]
fn items_are_found() {
    for (body, pointer, items) in [
        ("[1,2,3]", "", &["1", "2", "3"][..]),
        ("[]", "", &[]),
        (" \n[ ]\n", "", &[]),
        ("\u{feff}[1]", "", &["1"]),
        (r#"{"total":2,"items":[{"id":1},{"id":2}]}"#, "", &[r#"{"id":1}"#, r#"{"id":2}"#]),
        (r#"{"items":[1],"more":[2]}"#, "/more", &["2"]),
        (r#"{"data":{"nodes":[1,[2]],"total":2}}"#, "/data/nodes", &["1", "[2]"]),
        (r"[[1,2],[3]]", "/1", &["3"]),
        (r"[[1,2],[3]]", "", &["[1,2]", "[3]"]),
        (r#"{"a/b":[1]}"#, "/a~1b", &["1"]),
    ] {
        assert_eq!(texts(body, pointer), items, "{body}");
        assert_eq!(page(body, pointer).len(), items.len());
    }
}

#[test]
fn items_are_as_the_server_wrote_them() {
    let items = [
        "12345678901234567890.10e+400",
        "-0.0",
        r#"{"b": 1, "a" :2,"b":3}"#,
        r#""\u00e9\/\ud83d é \n""#,
        "null",
        "[ ]",
        "\"\u{7f}\u{202e}\"",
    ];
    assert_eq!(texts(&format!("[{}]", items.join(" , ")), ""), items);
    assert_eq!(texts("[{\r\"a\":1}]", ""), ["{ \"a\":1}"]);
    let indented = "[\n  {\n\t\"a\": \"x\\n\",\r\n    \"b\": [1,\n2]\n  }\n]";
    assert_eq!(texts(indented, ""), ["{ \t\"a\": \"x\\n\",      \"b\": [1, 2]   }"]);
}

#[test]
fn identities_are_found() {
    let body = r#"[{"id":1,"u":{"n":"a"}},{"id":"1","u":{"n":"\u0061"}},{"id":1.0},{"id":null},{},7,{"id":{"a":
        1}}]"#;
    let ids = |pointer| -> Vec<String> {
        let page = ItemPage::from_json(body.as_bytes(), &pointers("", pointer)).unwrap();
        page.ids().unwrap().map(str::to_owned).collect()
    };
    assert_eq!(ids("/id")[..6], ["1", r#""1""#, "1.0", "", "", ""]);
    assert!(!ids("/id")[6].contains('\n'));
    assert_eq!(ids("/u/n"), [r#""a""#, r#""a""#, "", "", "", "", ""]);
    assert!(page(body, "").ids().is_none());
    let empty = ItemPage::from_json(b"[]", &pointers("", "/id")).unwrap();
    assert_eq!(empty.ids().unwrap().count(), 0);
}

#[test]
fn errors_say_what_is_there_instead() {
    let nested = r#"{"data":{"nodes":[1],"total":2}}"#;
    for (body, items, id, message) in [
        (nested, "", "", r#"the body is an object with "data"; try --items /data/nodes"#),
        (
            nested,
            "/data",
            "",
            r#""/data" is an object with "nodes", "total"; try --items /data/nodes"#,
        ),
        (
            nested,
            "/data/items",
            "",
            r#"nothing is at "/data/items": "/data" is an object with "nodes", "total"; try --items /data/nodes"#,
        ),
        (nested, "/data/total", "", r#""/data/total" is a number; name an array with --items"#),
        (
            nested,
            "/data/nodes/1",
            "",
            r#"nothing is at "/data/nodes/1": "/data/nodes" is an array; try --items /data/nodes"#,
        ),
        (
            r#"{"items":[],"errors":[]}"#,
            "",
            "",
            r#"the body has the arrays "/items", "/errors"; choose one with --items /items"#,
        ),
        (
            r#"{"message":"x","a":1,"b":2,"c":3,"d":4,"e":5,"f":6}"#,
            "",
            "",
            r#"the body is an object with "message", "a", "b", "c", "d", "e" and 1 more; it has no array of items"#,
        ),
        ("{}", "", "", "the body is an empty object; it has no array of items"),
        ("7", "", "", "the body is a number; it has no array of items"),
        ("null", "", "", "the body is null; it has no array of items"),
        (
            r#""x""#,
            "/a",
            "",
            r#"nothing is at "/a": the body is a string; it has no array of items"#,
        ),
        (
            r#"[{"key":1}]"#,
            "",
            "/id",
            r#"no item has a value at "/id"; the first is an object with "key"; check --id"#,
        ),
        ("[1,2]", "", "/id", r#"no item has a value at "/id"; the first is a number; check --id"#),
        (
            r#"{"\u001b[2J":1}"#,
            "",
            "",
            r#"the body is an object with "\u{1b}[2J"; it has no array of items"#,
        ),
    ] {
        assert_eq!(error(body.as_bytes(), items, id), message, "{body}");
    }
}

#[test]
fn bodies_that_are_not_json_are_described() {
    for (body, message) in [
        ("", "the body is empty instead of JSON"),
        (" \n", "the body is empty instead of JSON"),
        (
            "<!DOCTYPE html><html><head><title>\n Sign  in\u{1b} </title>",
            r#"the server sent an HTML page instead of JSON ("Sign in\u{1b}")"#,
        ),
        ("\u{feff}\n<html>", "the server sent an HTML page instead of JSON"),
        ("<html><TITLE lang=é></TITLE>", "the server sent an HTML page instead of JSON"),
        ("a,b\n1,2", "the body is not JSON (expected value at line 1 column 1)"),
        ("[1,2", "the body is not JSON (EOF while parsing a list at line 1 column 4)"),
        ("[1] [2]", "the body is not JSON (trailing characters at line 1 column 5)"),
        (
            "{\"\u{1b}[2J\\u001b\":1}",
            "the body is not JSON (control character (\\u0000-\\u001F) found while parsing a string at line 1 column 2)",
        ),
    ] {
        assert_eq!(error(body.as_bytes(), "", ""), message, "{body}");
    }
    assert_eq!(
        error(b"[\"\xff\"]", "", ""),
        "the body is not JSON (invalid unicode code point at line 1 column 3)"
    );
}

#[test]
fn opaque_bodies_count_bytes() {
    let page = ItemPage::opaque(1234);
    assert_eq!((page.len(), page.opaque_bytes()), (0, Some(1234)));
    assert_eq!(ItemPage::from_json(b"[]", &ItemPointers::default()).unwrap().opaque_bytes(), None);
}

#[test]
fn pages_round_trip() {
    let body = "[{\"id\":1,\n\"é\":\"\\u001b\"},2,[]]";
    let with_ids = ItemPage::from_json(body.as_bytes(), &pointers("", "/id")).unwrap();
    for page in [with_ids, page(body, ""), page("[]", ""), ItemPage::opaque(0)] {
        let text = serde_json::to_string(&page).unwrap();
        assert_eq!(serde_json::from_str::<ItemPage>(&text).unwrap(), page, "{text}");
    }
    let foreign = serde_json::from_str::<ItemPage>("{\"items\":[\"a\\nb\",\"\"]}").unwrap();
    assert_eq!(foreign.iter().collect::<Vec<_>>(), ["a b", ""]);
}

/// Neither the depth of a body nor the number of its values exhausts the stack or the memory.
#[test]
fn large_bodies_are_parsed() {
    const SIZE: usize = 2 << 20;
    let deep =
        |open: &str, close: &str, count: usize| [open.repeat(count), close.repeat(count)].concat();
    let ones = format!("[{}1]", "1,".repeat(SIZE / 2));
    assert_eq!(page(&ones, "").len(), SIZE / 2 + 1);
    assert_eq!(page(&format!("[{}]", deep("[", "]", SIZE / 2)), "").len(), 1);
    assert_eq!(texts(&format!("{{\"a\":[{}]}}", deep("{\"a\":[", "]}", SIZE / 10)), "").len(), 1);
    let string = format!("[\"{}\"]", "\\\"".repeat(SIZE / 2));
    assert_eq!(page(&string, "").iter().next().unwrap().len(), SIZE + 2);
    let members = format!("{{{}\"items\":[1]}}", "\"\":0,".repeat(SIZE / 5));
    assert_eq!(texts(&members, ""), ["1"]);
    for unclosed in ["[", "{\"a\":", "[\"", "[{\"a\":[", "\"\\"] {
        assert!(
            error(unclosed.repeat(SIZE / 8).as_bytes(), "", "").contains("not JSON"),
            "{unclosed}"
        );
    }
    let no_array = format!("{{{}\"a\":1}}", "\"a\":{\"b\":{\"c\":{}}},".repeat(SIZE / 20));
    assert!(error(no_array.as_bytes(), "", "").contains("more"));
}

#[test]
fn any_body_is_refused_or_gives_json_lines() {
    let pieces = [
        "[", "]", "{", "}", ",", ":", "\"a\"", "1", "-", "e9", "null", "\n", " ", "\\", "\"", "é",
        "<",
    ];
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..50_000 {
        let length = random.usize(0..10);
        let inner: String = (0..length).map(|_| pieces[random.usize(0..pieces.len())]).collect();
        for body in [inner.clone(), format!("[{inner}]"), format!("{{\"x\":[{inner}]}}")] {
            let page = ItemPage::from_json(body.as_bytes(), &pointers("", ""));
            let value = serde_json::from_str::<serde_json::Value>(&body);
            // serde_json refuses numbers beyond the range of f64, which pages keep as they are.
            let (Ok(page), Ok(value)) = (page, value) else { continue };
            let items: Vec<serde_json::Value> =
                page.iter().map(|item| serde_json::from_str(item).unwrap()).collect();
            assert!(page.iter().all(|item| !item.contains('\n')));
            let array =
                value.as_array().or_else(|| value.as_object()?.values().find_map(|v| v.as_array()));
            assert_eq!(array.unwrap(), &items, "{body}");
        }
    }
}
