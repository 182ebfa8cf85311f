//! A grid of characters with inks.

use unicode_width::UnicodeWidthChar;

use crate::plain::ascii;

/// What a character stands for; only with colour it has one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ink {
    Plain,
    Run,
    Wait,
    Stop,
    Zombie,
    Mark,
    Bad,
    Faint,
}

impl Ink {
    /// The parameters of the escape sequence that switches it on, see
    /// console_codes(4).
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Run => "32",
            Self::Wait => "90",
            Self::Stop => "33",
            Self::Zombie => "35",
            Self::Mark => "36",
            Self::Bad => "1;31",
            Self::Faint => "2",
        }
    }
}

/// One place of the grid. The second half of a wide character is `None`.
pub(crate) type Cell = (Option<char>, Ink);

/// A line of the grid that grows as it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(Vec<Option<Cell>>);

impl Line {
    pub(crate) fn get(&self, at: usize) -> Option<Cell> {
        self.0.get(at).copied().flatten()
    }

    pub(crate) fn is_free(&self, from: usize, length: usize) -> bool {
        (from..from + length).all(|at| self.get(at).is_none())
    }

    pub(crate) fn put(&mut self, at: usize, character: char, ink: Ink) {
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        self.0[at] = Some((Some(character), ink));
    }

    pub(crate) fn text(&mut self, at: usize, text: &str, ink: Ink) {
        let mut at = at;
        for character in text.chars() {
            let width = character.width().unwrap_or(0);
            if width == 0 {
                continue;
            }
            self.put(at, character, ink);
            if width == 2 {
                self.put(at + 1, ' ', ink);
                self.0[at + 1] = Some((None, ink));
            }
            at += width;
        }
    }

    /// Writes the places `from..until`, without blanks at the end.
    pub(crate) fn print(
        &self,
        out: &mut String,
        from: usize,
        until: usize,
        style: &Style,
    ) {
        let is_shown = |cell: Option<Cell>| {
            cell.is_some_and(|(character, _)| character != Some(' '))
        };
        let last = (from..until).rev().find(|&at| is_shown(self.get(at)));
        let Some(last) = last else { return };
        let mut ink = Ink::Plain;
        for at in from..=last {
            let (character, new) =
                self.get(at).unwrap_or((Some(' '), Ink::Plain));
            if style.colour && new != ink {
                if ink != Ink::Plain {
                    out.push_str("\x1b[0m");
                }
                if new != Ink::Plain {
                    out.push_str(&format!("\x1b[{}m", new.code()));
                }
                ink = new;
            }
            match character {
                Some(character) if style.ascii => {
                    out.push_str(&ascii(character.encode_utf8(&mut [0; 4])));
                }
                Some(character) => out.push(character),
                // An ASCII terminal shows one `?` for a wide character.
                None if style.ascii => out.push(' '),
                None => {}
            }
        }
        if style.colour && ink != Ink::Plain {
            out.push_str("\x1b[0m");
        }
    }
}

/// How a picture reaches the terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) ascii: bool,
    pub(crate) colour: bool,
}

/// The signs of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    pub(crate) run: char,
    /// Whether it runs or waits was not seen.
    pub(crate) there: char,
    /// The same for a thread: thinner.
    pub(crate) thread: char,
    pub(crate) stuck: char,
    pub(crate) wait: char,
    pub(crate) stop: char,
    pub(crate) zombie: char,
    pub(crate) exec: char,
    pub(crate) create: char,
    pub(crate) birth: char,
    pub(crate) collect: char,
    pub(crate) collected: char,
    pub(crate) end: char,
    pub(crate) killed: char,
    pub(crate) line: char,
    pub(crate) down: char,
    pub(crate) cross: char,
    pub(crate) gap: char,
}

impl Signs {
    pub(crate) const UNICODE: Self = Self {
        run: '█',
        there: '░',
        thread: '▄',
        stuck: '▒',
        wait: '·',
        stop: '=',
        zombie: 'z',
        exec: '»',
        create: '┬',
        birth: '└',
        collect: '┴',
        collected: '┘',
        end: '■',
        killed: '×',
        line: '─',
        down: '│',
        cross: '┼',
        gap: '⋯',
    };
    pub(crate) const ASCII: Self = Self {
        run: '#',
        there: '?',
        thread: '-',
        stuck: '%',
        wait: '.',
        stop: '=',
        zombie: 'z',
        exec: '>',
        create: '+',
        birth: '`',
        collect: '<',
        collected: '\'',
        end: '|',
        killed: 'X',
        line: '-',
        down: ':',
        cross: ':',
        gap: '~',
    };
}
