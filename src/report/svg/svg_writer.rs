//! Writes shapes and escaped text as SVG elements without external resources.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::model::printable::printable_up_to;

/// The maximum length of a text in characters.
const MAX_TEXT_LENGTH: usize = 200;

/// The average width of a regular and a bold character as a fraction of the font size.
const CHARACTER_WIDTH: f64 = 0.56;
const BOLD_WIDTH: f64 = 0.64;

/// A writer of SVG elements.
#[derive(Debug, Default)]
pub(super) struct SvgWriter {
    svg: String,
}

/// The alignment of text relative to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextAnchor {
    Start,
    Middle,
    End,
}

/// The appearance of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) color: u32,
    pub(super) bold: bool,
    pub(super) anchor: TextAnchor,
}

impl Font {
    pub(super) const fn new(size: f64, color: u32) -> Self {
        Self { size, color, bold: false, anchor: TextAnchor::Start }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn with_anchor(self, anchor: TextAnchor) -> Self {
        Self { anchor, ..self }
    }

    /// Returns the approximate width of a text.
    pub(super) fn text_width(self, text: &str) -> f64 {
        text.width() as f64 * self.character_width()
    }

    fn character_width(self) -> f64 {
        self.size * if self.bold { BOLD_WIDTH } else { CHARACTER_WIDTH }
    }

    /// Truncates a text to the available width, with an ellipsis.
    pub(super) fn fit_text(self, text: &str, room: f64) -> String {
        if self.text_width(text) <= room {
            return text.to_owned();
        }
        let mut cut = String::new();
        for c in text.chars() {
            if self.text_width(&cut) + 2.0 * self.character_width() > room {
                break;
            }
            cut.push(c);
        }
        cut + "\u{2026}"
    }
}

impl SvgWriter {
    /// Appends SVG without escaping; the caller must not pass untrusted text.
    pub(super) fn push_raw(&mut self, svg: &str) {
        self.svg.push_str(svg);
    }

    pub(super) fn push_rect(&mut self, [x, y, width, height]: [f64; 4], fill: &str) {
        let [x, y, width, height] = [x, y, width, height].map(format_number);
        // Writing to a String cannot fail.
        _ = writeln!(
            self.svg,
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>"#
        );
    }

    /// Appends any number of shapes of one colour; `path` is SVG path data.
    pub(super) fn push_path(&mut self, path: &str, fill: &str) {
        if !path.is_empty() {
            _ = writeln!(self.svg, r#"<path fill="{fill}" d="{path}"/>"#);
        }
    }

    pub(super) fn push_line(&mut self, [x1, y1, x2, y2]: [f64; 4], color: u32) {
        let ([x1, y1, x2, y2], color) = ([x1, y1, x2, y2].map(format_number), hex_color(color));
        _ = writeln!(self.svg, r#"<path stroke="{color}" d="M{x1} {y1}L{x2} {y2}"/>"#);
    }

    pub(super) fn push_text(&mut self, [x, y]: [f64; 2], font: Font, text: &str) {
        let [x, y, size] = [x, y, font.size].map(format_number);
        let color = hex_color(font.color);
        let bold = if font.bold { r#" font-weight="600""# } else { "" };
        let anchor = match font.anchor {
            TextAnchor::Start => "",
            TextAnchor::Middle => r#" text-anchor="middle""#,
            TextAnchor::End => r#" text-anchor="end""#,
        };
        let text = escape_xml(text);
        _ = writeln!(
            self.svg,
            r#"<text x="{x}" y="{y}" font-size="{size}" fill="{color}"{bold}{anchor}>{text}</text>"#
        );
    }

    /// Begins a group with a title for screen readers and tooltips.
    pub(super) fn begin_group(&mut self, title: &str) {
        _ = writeln!(self.svg, "<g><title>{}</title>", escape_xml(title));
    }

    pub(super) fn end_group(&mut self) {
        self.svg.push_str("</g>\n");
    }

    pub(super) fn into_svg(self) -> String {
        self.svg
    }
}

/// Escapes text for an element or attribute. XML cannot represent most control characters, so they are
/// written as escape sequences.
pub(super) fn escape_xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable_up_to(text, MAX_TEXT_LENGTH).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// Formats a colour for SVG.
pub(super) fn hex_color(color: u32) -> String {
    format!("#{color:06x}")
}

/// Formats a number with at most two decimals, without trailing zeros.
pub(super) fn format_number(value: f64) -> String {
    let text = format!("{value:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// Appends a rectangle to path data.
pub(super) fn push_box(path: &mut String, [x, y, width, height]: [f64; 4]) {
    let [x, y, width, height] = [x, y, width, height].map(format_number);
    _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}
