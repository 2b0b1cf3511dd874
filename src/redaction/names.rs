//! Names that say of a value that it is secret.
//!
//! Judged by the words of a name, whatever joins them: `api_key`, `apiKey` and
//! `X-Api-Key` are one name. Slow, so its answers are remembered ([`super::verdict`]).

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing.
    No,
    /// It may be secret: hidden if it looks like a key.
    Perhaps,
    /// It is secret, whatever it looks like.
    Secret,
}

/// Words that make a name secret when they end it.
const SECRETS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "passwort",
    "secret",
    "secrets",
    "token",
    "apikey",
    "authorization",
    "bearer",
    "jwt",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "otp",
    "totp",
    "pin",
    "cvv",
    "cvv2",
    "cvc",
    "cvc2",
    "csrf",
    "xsrf",
    "privkey",
    "mnemonic",
];

/// Endings of words that were written together.
const ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "token",
    "privatekey",
    "secretkey",
    "accesskey",
    "accountkey",
    "signingkey",
    "encryptionkey",
    "credentials",
];

/// Pairs of words that make a name secret when they end it.
const PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("access", "key"),
    ("secret", "key"),
    ("private", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("master", "key"),
    ("account", "key"),
    ("storage", "key"),
    ("service", "key"),
    ("session", "key"),
    ("auth", "key"),
    ("license", "key"),
    ("pass", "word"),
    ("pass", "phrase"),
    ("connection", "string"),
    ("security", "code"),
    ("verification", "code"),
    ("recovery", "code"),
    ("recovery", "codes"),
    ("backup", "codes"),
    ("seed", "phrase"),
    ("recovery", "phrase"),
    ("code", "verifier"),
    ("smtp", "pass"),
    ("db", "pass"),
    ("user", "pass"),
    ("mail", "pass"),
    ("proxy", "pass"),
    ("root", "pass"),
    ("admin", "pass"),
    ("api", "keys"),
    ("access", "keys"),
    ("private", "keys"),
];

/// What may follow without changing what it is.
const FOLLOWERS: &[&str] = &[
    "value",
    "raw",
    "plain",
    "plaintext",
    "cleartext",
    "hash",
    "old",
    "new",
    "current",
    "base64",
    "b64",
    "header",
    "confirmation",
    "confirm",
    "base",
];

/// `… token` that is a place in a list or the like.
const HARMLESS_TOKENS: &[&str] = &[
    "page",
    "next",
    "prev",
    "previous",
    "continuation",
    "cursor",
    "sync",
    "cancellation",
    "start",
    "stop",
    "eos",
    "bos",
];

/// Words that make a name worth a look at its value.
const HINTS: &[&str] = &[
    "key",
    "keys",
    "token",
    "tokens",
    "secret",
    "auth",
    "cred",
    "creds",
    "credential",
    "password",
    "passwd",
    "signature",
    "sig",
    "webhook",
    "sas",
];

/// Words beside `key` that make it no secret.
const HARMLESS: &[&str] = &[
    "public",
    "primary",
    "foreign",
    "partition",
    "sort",
    "cache",
    "idempotency",
    "row",
    "object",
    "dedup",
    "routing",
    "index",
    "group",
    "lookup",
    "map",
    "pub",
    "storage",
    "verify",
    "verifying",
];

/// What `name` says about its value.
pub(crate) fn known(name: &str) -> Known {
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_hinted = words.iter().any(|word| HINTS.contains(word))
        && !words.iter().any(|word| HARMLESS.contains(word));
    while let [_, .., last] = words.as_slice() {
        if !FOLLOWERS.contains(last) && !last.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        words.pop();
    }
    if is_place(&words) {
        Known::No
    } else if ends_secret(&words) {
        Known::Secret
    } else if is_hinted {
        Known::Perhaps
    } else {
        Known::No
    }
}

/// `next_page_token` and its like.
fn is_place(words: &[&str]) -> bool {
    matches!(words, [.., before, "token"] if HARMLESS_TOKENS.contains(before))
}

fn ends_secret(words: &[&str]) -> bool {
    let (before, last) = match words {
        [.., before, last] => (*before, *last),
        [last] => ("", *last),
        [] => return false,
    };
    let last = if SECRETS.contains(&last) {
        last
    } else {
        last.trim_end_matches(|c: char| c.is_ascii_digit())
    };
    SECRETS.contains(&last)
        || PAIRS.contains(&(before, last))
        || (last.len() > 6 && ENDINGS.iter().any(|ending| last.ends_with(ending)))
}

/// The words of a name in lower case: split at what is no letter or digit, and
/// where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        let starts_word = !c.is_alphanumeric() || (after_small && c.is_uppercase());
        if starts_word && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        after_small = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a value looks like a key that somebody made at random: a long piece
/// of letters and digits that is no number, hash or UUID.
pub(crate) fn looks_random(value: &str) -> bool {
    let value = value.trim().trim_end_matches('=');
    let pieces = value.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/')));
    !value.contains(char::is_whitespace) && pieces.into_iter().any(is_random_piece)
}

fn is_random_piece(piece: &str) -> bool {
    const PIECE_BYTES_MIN: usize = 16;
    const DISTINCT_MIN: u32 = 10;
    if piece.len() < PIECE_BYTES_MIN {
        return false;
    }
    let mut seen = 0_u128;
    for byte in piece.bytes() {
        seen |= 1 << (byte & 0x7F);
    }
    let has_digit = piece.bytes().any(|byte| byte.is_ascii_digit());
    let beyond_hex = piece.bytes().any(|byte| matches!(byte, b'g'..=b'z' | b'G'..=b'Z'));
    has_digit && beyond_hex && seen.count_ones() >= DISTINCT_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_their_words() {
        for name in [
            "password",
            "db.password",
            "userPassword",
            "userpassword",
            "PASSWORD",
            "new_password_1",
            "client_secret",
            "api_key",
            "apiKey",
            "X-Api-Key",
            "APIKEY",
            "http.request.header.authorization",
            "Set-Cookie",
            "refresh_token",
            "id_token",
            "secret_access_key",
            "password_hash",
            "db_passwd",
            "pin",
            "cvv",
        ] {
            assert_eq!(known(name), Known::Secret, "{name}");
        }
        for name in ["stripe_key", "auth", "deploy_keys", "password_reset_url", "webhook"] {
            assert_eq!(known(name), Known::Perhaps, "{name}");
        }
        for name in [
            "",
            "user_id",
            "next_page_token",
            "public_key",
            "cache_key",
            "primaryKey",
            "pinned",
            "author",
            "keyboard",
            "monkey",
            "tokenizer",
            "session_id",
            "passenger",
            "secretary",
            "spin",
            "compass",
        ] {
            assert_eq!(known(name), Known::No, "{name}");
        }
    }

    #[test]
    fn ids_and_hashes_do_not_look_random_and_keys_do() {
        for value in [
            "018f2f6e-5c1b-7cc0-b7a4-0d6a3c1f2e55",
            "d41d8cd98f00b204e9800998ecf8427e",
            "1234567890123456",
            "user_profile_cache_v2_item",
            "a sentence with 1 number",
            "interoperability",
            "",
        ] {
            assert!(!looks_random(value), "{value}");
        }
        for value in ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY2", "q0Zx9Kf2Lw7Vb3Nt5Rm8"] {
            assert!(looks_random(value), "{value}");
        }
    }
}
