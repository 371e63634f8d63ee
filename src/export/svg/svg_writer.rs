//! What a picture is drawn with: shapes and text, escaped, in an SVG that needs nothing from outside.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::model::printable::printable_up_to;

/// No text of a picture is longer.
const MAX_TEXT_LENGTH: usize = 200;

/// The average width of a character, as a share of its size; of a bold one.
const CHARACTER_WIDTH: f64 = 0.56;
const BOLD_WIDTH: f64 = 0.64;

/// A picture so far.
#[derive(Debug, Default)]
pub(super) struct SvgWriter {
    svg: String,
}

/// How text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextAnchor {
    Start,
    Middle,
    End,
}

/// How text looks.
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

    /// About how wide a text is.
    pub(super) fn text_width(self, text: &str) -> f64 {
        text.width() as f64 * self.character_width()
    }

    fn character_width(self) -> f64 {
        self.size * if self.bold { BOLD_WIDTH } else { CHARACTER_WIDTH }
    }

    /// As much of a text as has room, with dots where some is left out.
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
    /// Anything: the caller says only what it wrote itself.
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

    /// Many shapes of one colour; `path` as SVG has it.
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

    /// Begins a group with a name that is read out, and shown under the pointer.
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

/// Text for an element or an attribute. XML has no way to say most controls, so they are written out.
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

/// A colour as SVG has it.
pub(super) fn hex_color(color: u32) -> String {
    format!("#{color:06x}")
}

/// To a hundredth of a pixel, without what is no news.
pub(super) fn format_number(value: f64) -> String {
    let text = format!("{value:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// A rectangle as part of a path.
pub(super) fn push_box(path: &mut String, [x, y, width, height]: [f64; 4]) {
    let [x, y, width, height] = [x, y, width, height].map(format_number);
    _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}
