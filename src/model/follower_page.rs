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
pub struct FollowerPage {
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

impl FollowerPage {
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
        let (_, texts) = self.texts();
        texts.map(|(login, _)| login)
    }

    /// Returns the followers, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = Follower<'_>> {
        let (prefix, texts) = self.texts();
        self.ids.iter().zip(texts).map(move |(&id, (login, url))| {
            let html_url = url.map_or_else(|| format!("{prefix}{login}").into(), Cow::from);
            Follower { id, login: login.into(), html_url }
        })
    }

    /// Returns the common prefix of the URLs, then each login with its URL, unless that is omitted.
    fn texts(&self) -> (&str, impl Iterator<Item = (&str, Option<&str>)>) {
        let mut reader = PageReader { texts: &self.texts, lengths: self.lengths.iter() };
        let length = reader.read_length();
        let prefix = reader.read_text(length);
        let texts = self.ids.iter().map(move |_| {
            let length = reader.read_length();
            let login = reader.read_text(length);
            (login, reader.read_length().checked_sub(1).map(|length| reader.read_text(length)))
        });
        (prefix, texts)
    }
}

/// Reads the texts of a page in order.
struct PageReader<'page> {
    texts: &'page str,
    lengths: slice::Iter<'page, u8>,
}

impl<'page> PageReader<'page> {
    fn read_length(&mut self) -> usize {
        let mut length = 0;
        for &byte in &mut self.lengths {
            length += usize::from(byte);
            if byte < u8::MAX {
                break;
            }
        }
        length
    }

    fn read_text(&mut self, length: usize) -> &'page str {
        let (text, rest) = self.texts.split_at_checked(length).unwrap_or_default();
        self.texts = rest;
        text
    }
}

/// Builds a page.
#[derive(Default)]
struct PageBuilder {
    ids: Vec<u64>,
    url_prefix: Option<String>,
    texts: String,
    lengths: Vec<u8>,
}

impl PageBuilder {
    fn push(&mut self, follower: &Follower<'_>) {
        let Follower { id, login, html_url } = follower;
        self.ids.push(*id);
        self.texts.push_str(login);
        push_length(&mut self.lengths, login.len());
        let beginning = html_url.strip_suffix(&**login);
        if self.url_prefix.is_none() {
            self.url_prefix = beginning.map(str::to_owned);
        }
        if beginning.is_some() && beginning == self.url_prefix.as_deref() {
            push_length(&mut self.lengths, 0);
        } else {
            self.texts.push_str(html_url);
            push_length(&mut self.lengths, html_url.len() + 1);
        }
    }

    fn build(self) -> FollowerPage {
        let beginning = self.url_prefix.unwrap_or_default();
        let mut lengths = Vec::new();
        push_length(&mut lengths, beginning.len());
        FollowerPage {
            ids: self.ids.into(),
            texts: [beginning, self.texts].concat().into(),
            lengths: [lengths, self.lengths].concat().into(),
        }
    }
}

/// Appends a length in its byte representation.
fn push_length(lengths: &mut Vec<u8>, length: usize) {
    lengths.resize(lengths.len() + length / 255, u8::MAX);
    lengths.push((length % 255) as u8);
}

impl<'text> FromIterator<Follower<'text>> for FollowerPage {
    fn from_iter<I: IntoIterator<Item = Follower<'text>>>(followers: I) -> Self {
        let mut packer = PageBuilder::default();
        followers.into_iter().for_each(|follower| packer.push(&follower));
        packer.build()
    }
}

impl Serialize for FollowerPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for FollowerPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor;

        impl<'de> Visitor<'de> for PageVisitor {
            type Value = FollowerPage;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence of followers")
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut followers: A,
            ) -> Result<FollowerPage, A::Error> {
                let mut packer = PageBuilder::default();
                while let Some(follower) = followers.next_element()? {
                    packer.push(&follower);
                }
                Ok(packer.build())
            }
        }

        deserializer.deserialize_seq(PageVisitor)
    }
}
