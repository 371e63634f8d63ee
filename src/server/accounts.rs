//! Invented accounts. Login and ID are computed from the index of an account, so a million
//! followers need no memory, and every page size yields the same accounts.

/// The maximum number of followers that the server can invent.
pub const MAX_FOLLOWERS: u32 = 1_000_000;

/// The number of indices for followers: [`MAX_FOLLOWERS`] and some to spare. Indices have 20 bits.
pub(super) const ACCOUNT_COUNT: u32 = (1 << 20) - 1;

/// The index of the account that replaces a follower whose login would equal the user's.
const REPLACEMENT_INDEX: u32 = ACCOUNT_COUNT;

/// The index of the user, after all followers.
const OWNER_INDEX: u32 = ACCOUNT_COUNT + 1;

/// The number of bits of an account ID, as many as GitHub's IDs had by 2023.
const ID_BITS: u32 = 27;

/// No name is a prefix of another, so that each login can be parsed in only one way and is unique.
const NAMES: [&str; 64] = [
    "ada", "ahmed", "aisha", "akira", "alex", "amelia", "andre", "anouk", "arjun", "astrid", "ben",
    "bianca", "bruno", "camila", "carlos", "chen", "chloe", "clara", "daniel", "devi", "diego",
    "elena", "emeka", "erik", "fatima", "felix", "freya", "gabor", "grace", "hana", "hugo", "ines",
    "ivan", "jakub", "jamal", "jonas", "julia", "kai", "katya", "kofi", "laila", "leon", "linh",
    "lucas", "maya", "mei", "mika", "nadia", "nils", "noor", "olga", "omar", "pavel", "priya",
    "rafael", "rosa", "sami", "sofia", "tariq", "tomas", "uma", "viktor", "yuki", "zoe",
];

const SURNAMES: [&str; 128] = [
    "abe", "acker", "adler", "alves", "anders", "baker", "banks", "barros", "bauer", "becker",
    "berg", "bloom", "bosch", "braun", "brook", "byte", "castro", "chan", "code", "codes", "cole",
    "conti", "cooper", "costa", "cruz", "dahl", "data", "dev", "diaz", "diop", "dubois", "duran",
    "eng", "evans", "faber", "fields", "fischer", "flores", "forest", "fox", "fuchs", "garcia",
    "git", "gomez", "gray", "green", "gupta", "hack", "hansen", "hart", "hayes", "hill", "holm",
    "horn", "hughes", "ito", "jansen", "jensen", "jones", "kahn", "kato", "keller", "khan", "kim",
    "klein", "kovacs", "kumar", "labs", "lang", "larsen", "lee", "lima", "lin", "lopez", "lund",
    "mann", "marin", "marsh", "mehta", "meyer", "mills", "mora", "moreau", "mori", "nagy", "nair",
    "neri", "nguyen", "novak", "okafor", "olsen", "ortiz", "park", "patel", "perez", "petit",
    "pixel", "popov", "prog", "quinn", "ramos", "rao", "reyes", "rios", "ross", "roth", "ruiz",
    "rust", "sato", "schmidt", "sharma", "silva", "singh", "soto", "stack", "stone", "suzuki",
    "tan", "tech", "torres", "vargas", "vega", "weber", "winter", "wolf", "wong", "young", "zhang",
];

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// The login.
    pub(super) login: String,
    /// The account's ID, which stays the same when the login changes.
    pub(super) id: u64,
}

impl Account {
    /// Creates the user whose followers are served.
    pub(super) fn owner(login: &str) -> Self {
        Self { login: login.to_owned(), id: id_at(OWNER_INDEX) }
    }

    /// Creates the follower at an index of `owner`'s list, counted from 0.
    pub(super) fn follower(place: u32, owner: &Self) -> Self {
        let own = Self::from_index(place);
        if own.login.eq_ignore_ascii_case(&owner.login) {
            Self::from_index(REPLACEMENT_INDEX)
        } else {
            own
        }
    }

    fn from_index(place: u32) -> Self {
        Self { login: login_at(place), id: id_at(place) }
    }

    /// Returns the account as it appears in a list: GitHub's "simple user", as JSON.
    pub(super) fn summary_json(&self, api: &str) -> String {
        format!("{{{}}}", self.common_fields(api))
    }

    /// Returns the account's profile as JSON.
    pub(super) fn profile_json(&self, api: &str, followers: u32) -> String {
        let fields = self.common_fields(api);
        format!(
            r#"{{{fields},"name":null,"company":null,"blog":"","location":null,"email":null,"hireable":null,"bio":"Invented by threadline's built-in server, as are the followers.","twitter_username":null,"public_repos":8,"public_gists":0,"followers":{followers},"following":0,"created_at":"2014-05-01T12:00:00Z","updated_at":"2026-01-01T12:00:00Z"}}"#
        )
    }

    fn common_fields(&self, api: &str) -> String {
        let Self { login, id } = self;
        let url = format!("{api}/users/{login}");
        format!(
            r#""login":"{login}","id":{id},"node_id":"U_kgDO{id:08X}","avatar_url":"https://avatars.githubusercontent.com/u/{id}?v=4","gravatar_id":"","url":"{url}","html_url":"https://github.com/{login}","followers_url":"{url}/followers","following_url":"{url}/following{{/other_user}}","gists_url":"{url}/gists{{/gist_id}}","starred_url":"{url}/starred{{/owner}}{{/repo}}","subscriptions_url":"{url}/subscriptions","organizations_url":"{url}/orgs","repos_url":"{url}/repos","events_url":"{url}/events{{/privacy}}","received_events_url":"{url}/received_events","type":"User","user_view_type":"public","site_admin":false"#
        )
    }
}

/// Returns the login at an index, such as `brunogarcia`, `sofia-fuchs` or `olgacole43`. Each is
/// unique. 13 bits of the index choose the two names. The other 7 choose hyphen and number, rotated
/// by a value derived from the names, so that the first few thousand logins are of different kinds.
fn login_at(place: u32) -> String {
    let names = scramble(place % (1 << 13), 13);
    let turn = scramble(names, 13);
    // Of the first logins, half are plain, a quarter has a hyphen and a quarter a number.
    let turned = match turn % 4 {
        0 | 1 => 0,
        2 => 1,
        _ => turn / 4 * 2,
    };
    let variant = (place >> 13).wrapping_add(turned) % 128;
    let name = NAMES.get(names as usize % 64).copied().unwrap_or_default();
    let surname = SURNAMES.get(names as usize / 64).copied().unwrap_or_default();
    let hyphen = if variant % 2 == 1 { "-" } else { "" };
    match variant / 2 {
        0 => format!("{name}{hyphen}{surname}"),
        number => format!("{name}{hyphen}{surname}{number}"),
    }
}

fn id_at(place: u32) -> u64 {
    u64::from(scramble(place, ID_BITS))
}

/// Maps each number below `1 << bits` to another such number, in no apparent order. Each step is
/// invertible, so no two numbers have the same image.
const fn scramble(number: u32, bits: u32) -> u32 {
    let mask = (1 << bits) - 1;
    let mut mixed = number.wrapping_add(0x2F6B_51D7);
    let mut round = 0;
    while round < 2 {
        mixed = mixed.wrapping_mul(0x9E37_79B1) & mask;
        mixed ^= mixed >> (bits / 2);
        round += 1;
    }
    mixed
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_million_logins_and_ids_are_unique() {
        let owner = Account::owner("aaronlelevier");
        let followers = || (0..MAX_FOLLOWERS).map(|place| Account::follower(place, &owner));
        let mut ids: HashSet<u64> = followers().map(|follower| follower.id).collect();
        assert!(ids.insert(owner.id));
        assert_eq!(ids.len(), MAX_FOLLOWERS as usize + 1);
        let logins: HashSet<String> = followers().map(|follower| follower.login).collect();
        assert_eq!(logins.len(), MAX_FOLLOWERS as usize);
    }

    #[test]
    fn logins_are_valid_on_github_and_ids_are_unordered() {
        let owner = Account::owner("x");
        let accounts: Vec<Account> =
            (0..10_000).map(|place| Account::follower(place, &owner)).collect();
        for Account { login, .. } in &accounts {
            assert!((4..=39).contains(&login.len()), "{login}");
            assert!(!login.starts_with('-') && !login.ends_with('-') && !login.contains("--"));
            assert!(login.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')));
        }
        let rising = accounts.windows(2).filter(|pair| pair[0].id < pair[1].id).count();
        assert!((4_000..6_000).contains(&rising), "{rising}");
    }

    #[test]
    fn the_owner_is_not_among_the_followers() {
        let own = Account::from_index(42);
        let owner = Account::owner(&own.login.to_uppercase());
        assert_eq!(Account::follower(42, &owner), Account::from_index(REPLACEMENT_INDEX));
        assert_eq!(Account::follower(41, &owner), Account::from_index(41));
    }
}
