//! The overlays: the export menu and the question before something ends. The help, the table and the pager
//! have files of their own.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::layout::{Heading, draw_overlay_box};
use super::theme::Theme;
use super::{help, output_pager, table, text};
use crate::app::{Action, App, ExportMenu, Overlay, Question};

/// The width of the menu, which fits its longest line.
const MENU_WIDTH: u16 = 72;

/// The width of an export kind's name.
const KIND_WIDTH: usize = 11;

/// Draws the open overlay.
pub(super) fn draw(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    match app.overlay() {
        Some(Overlay::Help(view)) => help::draw(view, app, theme, area, buf),
        Some(Overlay::Export(menu)) => draw_export_menu(menu, app, theme, area, buf),
        Some(Overlay::Output(pager)) => output_pager::draw(*pager, app, theme, area, buf),
        Some(Overlay::Table(table_view)) => table::draw(table_view, app, theme, area, buf),
        Some(Overlay::Question(question)) => draw_question(*question, app, theme, area, buf),
        None => {}
    }
}

/// Draws a question, with the keys that answer it.
fn draw_question(question: Question, app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let (title, answers): (_, &[(Action, &str)]) = match question {
        Question::Quit => {
            ("Still running. Quit anyway?", &[(Action::Quit, "quit"), (Action::Back, "stay")])
        }
        Question::QuitProgram => (
            "The program still runs.",
            &[(Action::Quit, "end it"), (Action::LetGo, "let it go on"), (Action::Back, "stay")],
        ),
        Question::KillProgram => (
            "The program still runs. Kill it (SIGKILL)?",
            &[(Action::Stop, "kill"), (Action::Back, "wait")],
        ),
    };
    let keys = answers.iter().enumerate().flat_map(|(index, (action, words))| {
        let gap = if index == 0 { "" } else { "   " };
        let key = Span::styled(app.key_of(*action), theme.key());
        [Span::raw(gap), key, Span::raw(format!(" {words}"))]
    });
    let overlay = area.centered(Constraint::Length(44), Constraint::Length(4));
    let inner = draw_overlay_box(&Heading::default(), theme, overlay, buf);
    Paragraph::new(vec![Line::styled(title, theme.strong()), Line::from_iter(keys)])
        .centered()
        .wrap(Wrap { trim: true })
        .render(inner, buf);
}

/// Draws the menu with one entry selected.
fn draw_export_menu(menu: &ExportMenu, app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let ExportMenu { entries, selected } = menu;
    let chosen = *selected;
    let height = entries.len() as u16 + 5;
    let place = area.centered(Constraint::Length(MENU_WIDTH), Constraint::Length(height));
    let heading = Heading { title: " export ".to_owned(), ..Heading::default() };
    let inside = draw_overlay_box(&heading, theme, place, buf).inner(Margin::new(1, 0));
    let width = usize::from(inside.width);
    // On a low screen the blank line goes first, then the keys and the description.
    let few = inside.height < height - 2;
    let [list, _, purpose, keys] = inside.layout(&Layout::vertical([
        Constraint::Length(entries.len() as u16),
        Constraint::Length(u16::from(!few)),
        Constraint::Length(1),
        Constraint::Length(1),
    ]));
    let rows = usize::from(list.height).max(1);
    let first = chosen.saturating_sub(rows - 1);
    for (row, (at, (kind, name))) in list.rows().zip(entries.iter().enumerate().skip(first)) {
        let mark = if at == chosen { ">" } else { " " };
        let style = if at == chosen { theme.strong() } else { theme.text() };
        let name = truncate_start(name, width.saturating_sub(KIND_WIDTH + 2), theme);
        let line = format!("{mark} {kind:<KIND_WIDTH$}{name}");
        Span::styled(text::truncate(line, theme, width), style).render(row, buf);
    }
    if let Some((kind, _)) = entries.get(chosen) {
        let words = text::truncate(format!("  {}", kind.description()), theme, width);
        Span::styled(words, theme.muted()).render(purpose, buf);
    }
    let hint = |action: Action, word: &str| {
        [
            Span::styled(app.key_of(action), theme.key()),
            Span::styled(format!(" {word}   "), theme.muted()),
        ]
    };
    let mut line = Line::raw("  ");
    line.extend(hint(Action::Inspect, "write"));
    line.extend(hint(Action::NextLane, "next"));
    line.extend(hint(Action::Back, "back"));
    line.render(keys, buf);
}

/// Truncates the start of a file name, because names differ at the end. They are ASCII.
fn truncate_start(name: &str, room: usize, theme: Theme) -> String {
    if name.len() <= room {
        return name.to_owned();
    }
    let dots = theme.pick("…", "...");
    let from = name.len() - room.saturating_sub(text::width(dots)).min(name.len());
    format!("{dots}{}", name.get(from..).unwrap_or_default())
}
