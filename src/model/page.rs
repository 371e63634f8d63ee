//! A page of followers in a compact form: a run may keep a million of them.

use std::borrow::Cow;
use std::fmt;
use std::slice;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One follower. The texts are as the server sent them and not safe to print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follower<'text> {
    /// The account number, which does not change when the account is renamed.
    pub id: u64,
    /// The account name.
    #[serde(borrow)]
    pub login: Cow<'text, str>,
    /// The URL of the account's page.
    #[serde(borrow)]
    pub html_url: Cow<'text, str>,
}

/// One page of followers, in the server's order. On the wire it is a sequence of [`Follower`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    ids: Box<[u64]>,
    /// The common prefix of the URLs, then each login with its URL. A URL that equals the prefix
    /// followed by the login is omitted.
    texts: Box<str>,
    /// The lengths of these texts: the prefix, then for each follower the login, and the URL's
    /// length plus 1, or 0 if the URL is omitted. A length is the sum of bytes up to the first that
    /// is not 255, as in the lacing of an Ogg page (RFC 3533, section 6): nearly always one byte,
    /// without an upper bound.
    lengths: Box<[u8]>,
}

impl Page {
    /// The number of followers.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns `true` if there are no followers.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The size of all texts in bytes.
    pub fn text_size(&self) -> usize {
        self.texts.len()
    }

    /// The followers' account numbers, in the server's order.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// Returns the followers' logins, in the server's order.
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

    /// Returns the followers, in the server's order.
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

/// Reads the texts of a page in order.
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

/// Builds a page.
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

/// Appends a length in its byte representation.
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
