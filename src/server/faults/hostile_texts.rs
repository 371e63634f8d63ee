//! Hostile texts that no client should print unescaped.

/// Bytes that are not HTTP, like the greeting of another protocol.
pub(super) const GARBAGE: &[u8] = b"SSH-2.0-\x00\xff\xfe\x16\x03\x01\x1b[31m\x07\r\n\r\n";

/// The sign-in page of a captive portal.
pub(super) const WEB_PAGE: &str = "<!DOCTYPE html>\n<html>\n  <head><title>Sign in</title></head>\n  \
    <body><form action=\"/login\"><button>Connect to this network</button></form></body>\n</html>\n";

/// Texts that contain terminal escape sequences, misleading or oversized characters, spreadsheet
/// formulas, quotes and paths.
pub(super) const HOSTILE_TEXTS: [&str; 20] = [
    "\u{1b}[2J\u{1b}[1;1H\u{1b}[31m",
    "\u{1b}]0;mine\u{7}",
    "\u{1b}]8;;http://evil.example\u{1b}\\",
    "\u{1b}]52;c;cm0gLXJmIH4=\u{7}",
    "\u{1b}P$q\"p\u{1b}\\\u{1b}_x\u{1b}\\",
    "\u{9b}2J\u{9d}0;mine\u{9c}",
    "\0\u{1}\u{8}\u{8}\u{7f}",
    "\t\r\n\u{b}\u{c}\u{85}\u{2028}",
    "\u{202e}\u{2066}\u{200f}",
    "\u{200b}\u{200d}\u{2060}\u{feff}\u{e0041}",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}",
    "漢字かな\u{1f9f5}\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{fdfd}",
    "=cmd|'/c calc'!A0",
    "+1+cmd|'/c calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\",\"quoted\",\n'",
    "../../etc/passwd",
    "javascript:alert(1)//",
    "<script>alert(1)</script>",
];
