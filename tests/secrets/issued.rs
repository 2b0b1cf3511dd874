//! Secrets in the forms that their issuers describe in public: the
//! documentation of their APIs and consoles, and where there is one, of their
//! secret scanning. The tables of this crate's detectors were not used.

use crate::chance::*;
use crate::made::Made;

/// A secret.
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    /// Under which it stands where it cannot be recognised by itself.
    pub(crate) name: Option<&'static str>,
    pub(crate) text: String,
}

/// One of any kind.
pub(crate) fn secret(chance: &mut Chance, made: &Made) -> Secret {
    let bare = |text| Secret { name: None, text };
    match chance.below(12) {
        0..=4 => bare(issued(chance)),
        5 => bare(made.web_token(chance)),
        6 => bare(card(chance)),
        7 => bare(made.private_key(chance)),
        8 => bare(format!("{} {}", chance.one_of(&["Bearer", "bearer"]), opaque(chance))),
        _ => Secret { name: Some(chance.one_of(NAMES)), text: chosen(chance) },
    }
}

#[rustfmt::skip]
fn issued(chance: &mut Chance) -> String {
    match chance.below(34) {
        // GitHub: "About authentication to GitHub", token formats.
        0 => format!("ghp_{}", chance.mixed(36)),
        1 => format!("{}_{}", chance.one_of(&["gho", "ghu", "ghs", "ghr"]), chance.mixed(36)),
        2 => format!("github_pat_{}_{}", chance.mixed(22), chance.mixed(59)),
        // GitLab: "Token overview", prefixes.
        3 => format!("glpat-{}", chance.text(URL_SAFE, 20)),
        4 => format!("glrt-{}", chance.text(URL_SAFE, 20)),
        // AWS: "IAM identifiers", unique prefixes.
        5 => format!("{}{}", chance.one_of(&["AKIA", "ASIA"]), chance.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        // Google Cloud: API keys, OAuth clients' secrets.
        6 => format!("AIzaSy{}", chance.text(URL_SAFE, 33)),
        7 => format!("GOCSPX-{}", chance.text(URL_SAFE, 28)),
        // Stripe: "API keys", webhooks.
        8 => format!("sk_{}_51{}", chance.one_of(&["live", "test"]), chance.mixed(97)),
        9 => format!("rk_live_{}", chance.mixed(24)),
        10 => format!("whsec_{}", chance.mixed(32)),
        // Slack: "Token types".
        11 => format!("xoxb-{}-{}-{}", chance.text(DIGITS, 12), chance.text(DIGITS, 13), chance.mixed(24)),
        12 => format!("xapp-1-A0{}-{}-{}", chance.text(CAPITALS, 9), chance.text(DIGITS, 13), chance.text(HEX, 64)),
        // Makers of language models, as their consoles show keys.
        13 => format!("sk-proj-{}T3BlbkFJ{}", chance.text(URL_SAFE, 74), chance.text(URL_SAFE, 74)),
        14 => format!("sk-ant-api03-{}AA", chance.text(URL_SAFE, 93)),
        15 => format!("hf_{}", chance.mixed(34)),
        16 => format!("gsk_{}", chance.mixed(52)),
        17 => format!("r8_{}", chance.mixed(37)),
        // SendGrid, Twilio, Mailchimp's mail, Telegram, Discord-like bots.
        18 => format!("SG.{}.{}", chance.text(URL_SAFE, 22), chance.text(URL_SAFE, 43)),
        19 => format!("SK{}", chance.text(HEX, 32)),
        20 => format!("{}:AA{}", chance.text(b"123456789", 10), chance.text(URL_SAFE, 33)),
        // Shopify, DigitalOcean, Square.
        21 => format!("shpat_{}", chance.text(HEX, 32)),
        22 => format!("dop_v1_{}", chance.text(HEX, 64)),
        23 => format!("sq0atp-{}", chance.text(URL_SAFE, 22)),
        // Package registries.
        24 => format!("npm_{}", chance.mixed(36)),
        25 => format!("pypi-AgEIcHlwaS5vcmcCJ{}", chance.text(URL_SAFE, 130)),
        26 => format!("dckr_pat_{}", chance.text(URL_SAFE, 27)),
        // Infrastructure.
        27 => format!("hvs.{}", chance.text(URL_SAFE, 95)),
        28 => format!("dapi{}", chance.text(HEX, 32)),
        29 => format!("glsa_{}_{}", chance.mixed(32), chance.text(HEX, 8)),
        30 => format!("NRAK-{}", chance.text(CAPITALS, 27)),
        31 => format!("tskey-auth-{}CNTRL-{}", chance.mixed(12), chance.mixed(32)),
        // Tools for teams.
        32 => format!("lin_api_{}", chance.mixed(40)),
        _ => format!("figd_{}", chance.text(URL_SAFE, 40)),
    }
}

/// RFC 6750: any of its characters, as authorisation servers draw them.
fn opaque(chance: &mut Chance) -> String {
    match chance.below(3) {
        0 => chance.mixed(43),
        1 => chance.text(HEX, 40),
        _ => base64(&chance.bytes(32), URL_SAFE),
    }
}

/// ISO/IEC 7812: the ranges that networks publish, and a check digit.
fn card(chance: &mut Chance) -> String {
    let (begin, length) = [
        ("4", 16),
        ("4539", 16),
        ("52", 16),
        ("54", 16),
        ("2221", 16),
        ("2720", 16),
        ("34", 15),
        ("37", 15),
        ("6011", 16),
        ("65", 16),
        ("3530", 16),
        ("3056", 14),
        ("36", 14),
    ][chance.below(13)];
    let mut digits = format!("{begin}{}", chance.text(DIGITS, length - begin.len() - 1));
    let check = (0..10).find(|check| is_valid(&format!("{digits}{check}"))).unwrap();
    digits.push_str(&check.to_string());
    match (chance.below(3), length) {
        (0, 16) => digits
            .as_bytes()
            .chunks(4)
            .map(|four| std::str::from_utf8(four).unwrap())
            .collect::<Vec<_>>()
            .join(" "),
        (1, 16) => digits
            .as_bytes()
            .chunks(4)
            .map(|four| std::str::from_utf8(four).unwrap())
            .collect::<Vec<_>>()
            .join("-"),
        (1, _) => format!("{} {} {}", &digits[..4], &digits[4..10], &digits[10..]),
        _ => digits,
    }
}

/// Luhn's formula.
fn is_valid(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([1, 2].iter().cycle())
        .map(|(digit, factor)| u32::from(digit - b'0') * factor)
        .map(|product| product / 10 + product % 10)
        .sum();
    sum.is_multiple_of(10)
}

/// What people and generators of passwords choose.
fn chosen(chance: &mut Chance) -> String {
    const WORDS: &[&str] = &["correct", "horse", "battery", "staple", "amber", "Nordwind", "tulip"];
    match chance.below(5) {
        0 => chance.mixed(20),
        1 => format!(
            "{}-{}-{}{}",
            chance.one_of(WORDS),
            chance.one_of(WORDS),
            chance.text(LETTERS, 6),
            chance.text(DIGITS, 3)
        ),
        2 => format!(
            "{}!{}#{}",
            chance.text(MIXED, 7),
            chance.text(MIXED, 6),
            chance.text(DIGITS, 3)
        ),
        3 => base64(&chance.bytes(32), STANDARD) + "=",
        _ => chance.text(HEX, 32),
    }
}

/// Settings, headers and parameters that hold secrets, as frameworks, clouds
/// and RFC 6749 call them.
const NAMES: &[&str] = &[
    "password",
    "PASSWORD",
    "db.password",
    "dbPassword",
    "DATABASE_PASSWORD",
    "passphrase",
    "client_secret",
    "clientSecret",
    "SECRET_KEY",
    "secret_key_base",
    "api_key",
    "apiKey",
    "X-Api-Key",
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "X-Auth-Token",
    "authToken",
    "private_key",
    "AWS_SECRET_ACCESS_KEY",
    "aws_session_token",
    "account_key",
    "encryption_key",
    "signing_key",
    "jwt_secret",
    "webhook_secret",
    "csrf_token",
    "session_token",
    "credentials",
    "user_password",
    "new_password",
    "old_password",
    "GITHUB_TOKEN",
    "bot_token",
    "master_key",
    "code_verifier",
    "recovery_code",
];
