//! A page of followers, closely packed: a run may keep a million of them.

use std::borrow::Cow;
use std::fmt;
use std::slice;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One follower, its texts as the server sent them: nothing in them is safe to print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follower<'text> {
    /// The account's number, which survives renaming.
    pub id: u64,
    /// The account's name.
    #[serde(borrow)]
    pub login: Cow<'text, str>,
    /// The account's page.
    #[serde(borrow)]
    pub html_url: Cow<'text, str>,
}

/// One page of followers, in the server's order. On the wire it is a sequence of [`Follower`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    ids: Box<[u64]>,
    /// What the URLs begin with that end in the login; then login after login, each followed by its
    /// URL, unless that is the beginning and the login.
    texts: Box<str>,
    /// How long these are: the beginning, then of each follower the login, and the URL plus 1, or 0
    /// where it is left out. A length is a sum of bytes, up to the first that is not 255, as in an
    /// Ogg page's lacing (RFC 3533, 6): it is nearly always one byte, and none is too large.
    lengths: Box<[u8]>,
}

impl Page {
    /// How many followers are on it.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many bytes its texts take.
    pub fn text_size(&self) -> usize {
        self.texts.len()
    }

    /// The followers' numbers, in the server's order.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// The followers' logins, in the server's order.
    pub fn logins(&self) -> impl Iterator<Item = &str> {
        let mut reader = Reader { texts: &self.texts, lengths: self.lengths.iter() };
        let length = reader.length();
        reader.text(length);
        self.ids.iter().map(move |_| {
            let length = reader.length();
            let login = reader.text(length);
            let length = reader.length().saturating_sub(1);
            reader.text(length);
            login
        })
    }

    /// The followers, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = Follower<'_>> {
        let mut reader = Reader { texts: &self.texts, lengths: self.lengths.iter() };
        let length = reader.length();
        let beginning = reader.text(length);
        self.ids.iter().map(move |&id| {
            let length = reader.length();
            let login = reader.text(length);
            let html_url = match reader.length().checked_sub(1) {
                Some(length) => reader.text(length).into(),
                None => format!("{beginning}{login}").into(),
            };
            Follower { id, login: login.into(), html_url }
        })
    }
}

/// Takes texts off a page, in their order.
struct Reader<'page> {
    texts: &'page str,
    lengths: slice::Iter<'page, u8>,
}

impl<'page> Reader<'page> {
    fn length(&mut self) -> usize {
        let mut length = 0;
        for &byte in &mut self.lengths {
            length += usize::from(byte);
            if byte < u8::MAX {
                break;
            }
        }
        length
    }

    fn text(&mut self, length: usize) -> &'page str {
        let (text, rest) = self.texts.split_at_checked(length).unwrap_or_default();
        self.texts = rest;
        text
    }
}

/// A page that grows.
#[derive(Default)]
struct Packer {
    ids: Vec<u64>,
    beginning: Option<String>,
    texts: String,
    lengths: Vec<u8>,
}

impl Packer {
    fn push(&mut self, follower: &Follower<'_>) {
        let Follower { id, login, html_url } = follower;
        self.ids.push(*id);
        self.texts.push_str(login);
        lace(&mut self.lengths, login.len());
        let beginning = html_url.strip_suffix(&**login);
        if self.beginning.is_none() {
            self.beginning = beginning.map(str::to_owned);
        }
        if beginning.is_some() && beginning == self.beginning.as_deref() {
            lace(&mut self.lengths, 0);
        } else {
            self.texts.push_str(html_url);
            lace(&mut self.lengths, html_url.len() + 1);
        }
    }

    fn page(self) -> Page {
        let beginning = self.beginning.unwrap_or_default();
        let mut lengths = Vec::new();
        lace(&mut lengths, beginning.len());
        Page {
            ids: self.ids.into(),
            texts: [beginning, self.texts].concat().into(),
            lengths: [lengths, self.lengths].concat().into(),
        }
    }
}

/// Adds a length as bytes that come to it.
fn lace(lengths: &mut Vec<u8>, length: usize) {
    lengths.resize(lengths.len() + length / 255, u8::MAX);
    lengths.push((length % 255) as u8);
}

impl<'text> FromIterator<Follower<'text>> for Page {
    fn from_iter<I: IntoIterator<Item = Follower<'text>>>(followers: I) -> Self {
        let mut packer = Packer::default();
        followers.into_iter().for_each(|follower| packer.push(&follower));
        packer.page()
    }
}

impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Followers;

        impl<'de> Visitor<'de> for Followers {
            type Value = Page;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence of followers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut followers: A) -> Result<Page, A::Error> {
                let mut packer = Packer::default();
                while let Some(follower) = followers.next_element()? {
                    packer.push(&follower);
                }
                Ok(packer.page())
            }
        }

        deserializer.deserialize_seq(Followers)
    }
}
