//! Secrets as they occur in the wild, written from what issues them.
//!
//! Deliberately without a look at the detectors: the formats are those that
//! providers document for their tokens (GitHub's and GitLab's token overviews,
//! AWS IAM's identifiers, Google Cloud's and Stripe's key pages, Slack's token
//! types, the key pages of OpenAI, Anthropic, Hugging Face, SendGrid, Twilio,
//! Shopify, DigitalOcean, npm, PyPI, Databricks, Vault, Grafana, Telegram),
//! RFC 7519 (JWT), RFC 6750 and 7617 (bearer and basic credentials), RFC 7468
//! (PEM), ISO/IEC 7812 (card numbers); the names are those that frameworks give
//! to their settings (Django, Rails, Laravel, Spring, PostgreSQL, MySQL, Azure,
//! AWS, Docker, Kubernetes, OAuth 2.0, and HTTP's headers).

use super::dice::*;

/// A secret, and where it may stand.
pub(super) enum Secret {
    /// Anywhere: it says itself what it is.
    Bare(String),
    /// Under a name: by itself it is any text.
    Named(&'static str, String),
}

/// Any secret.
pub(super) fn secret(dice: &mut Dice) -> Secret {
    match dice.below(10) {
        0..5 => Secret::Bare(key(dice)),
        5 => Secret::Bare(web_token(dice)),
        6 => Secret::Bare(pick_card(dice)),
        7 => Secret::Bare(private_key(dice)),
        _ => named(dice),
    }
}

/// A key of a provider.
#[rustfmt::skip]
fn key(dice: &mut Dice) -> String {
    let mut of = |alphabet: &str, length: usize| dice.text(alphabet, length);
    let keys = [
        format!("ghp_{}", of(ALNUM, 36)), format!("gho_{}", of(ALNUM, 36)), format!("ghs_{}", of(ALNUM, 36)),
        format!("github_pat_{}_{}", of(ALNUM, 22), of(ALNUM, 59)),
        format!("glpat-{}", of(BASE64_URL, 20)), format!("gldt-{}", of(BASE64_URL, 20)),
        format!("AKIA{}", of(BASE32, 16)), format!("ASIA{}", of(BASE32, 16)),
        format!("AIza{}", of(BASE64_URL, 35)), format!("GOCSPX-{}", of(BASE64_URL, 28)),
        format!("ya29.{}", of(BASE64_URL, 68)),
        format!("sk_live_{}", of(ALNUM, 24)), format!("rk_test_{}", of(ALNUM, 24)), format!("sk_test_{}", of(ALNUM, 99)),
        format!("whsec_{}", of(BASE64, 32)),
        format!("xoxb-{}-{}-{}", of(DIGITS, 12), of(DIGITS, 12), of(ALNUM, 24)),
        format!("xoxp-{}-{}-{}-{}", of(DIGITS, 12), of(DIGITS, 12), of(DIGITS, 12), of(HEX, 32)),
        format!("xapp-1-A{}-{}-{}", of(UPPER, 10), of(DIGITS, 13), of(HEX, 64)),
        format!("sk-{}", of(ALNUM, 48)), format!("sk-proj-{}", of(BASE64_URL, 156)),
        format!("sk-ant-api03-{}-{}AA", of(BASE64_URL, 80), of(BASE64_URL, 6)),
        format!("hf_{}", of(ALNUM, 34)), format!("r8_{}", of(ALNUM, 37)), format!("gsk_{}", of(ALNUM, 52)),
        format!("SG.{}.{}", of(BASE64_URL, 22), of(BASE64_URL, 43)),
        format!("SK{}", of(HEX, 32)), format!("shpat_{}", of(HEX, 32)), format!("dop_v1_{}", of(HEX, 64)),
        format!("npm_{}", of(ALNUM, 36)), format!("pypi-AgEIcHlwaS5vcmc{}", of(BASE64_URL, 150)),
        format!("dapi{}", of(HEX, 32)), format!("hvs.{}", of(BASE64_URL, 90)), format!("glsa_{}_{}", of(ALNUM, 32), of(HEX, 8)),
        format!("{}:AA{}", of(DIGITS, 10), of(BASE64_URL, 33)),
        format!("NRAK-{}", of("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", 27)), format!("dckr_pat_{}", of(BASE64_URL, 27)),
        format!("lin_api_{}", of(ALNUM, 40)), format!("ntn_{}", of(ALNUM, 46)), format!("figd_{}", of(BASE64_URL, 40)),
        format!("sq0atp-{}", of(BASE64_URL, 22)), format!("PMAK-{}-{}", of(HEX, 24), of(HEX, 34)),
        format!("sntrys_{}", of(BASE64, 120)), format!("ATATT3xFfGF0{}", of(BASE64_URL, 170)),
        format!("AGE-SECRET-KEY-1{}", of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
    ];
    keys[dice.below(keys.len())].clone()
}

fn web_token(dice: &mut Dice) -> String {
    let header = dice.pick(&[
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"typ":"JWT","alg":"RS256","kid":"2024-10"}"#,
        r#"{ "alg" : "ES256" }"#,
    ]);
    let claims = format!(
        r#"{{"iss":"https://id.example.org","sub":"{}","exp":{}}}"#,
        dice.text(ALNUM, 8),
        dice.text(DIGITS, 10)
    );
    let signature = dice.bytes(32);
    [header.as_bytes(), claims.as_bytes(), &signature]
        .map(|part| base64(part, BASE64_URL, false))
        .join(".")
}

fn pick_card(dice: &mut Dice) -> String {
    let (prefix, length) = dice.pick(&[
        ("4", 16),
        ("51", 16),
        ("55", 16),
        ("2720", 16),
        ("34", 15),
        ("37", 15),
        ("6011", 16),
        ("65", 16),
        ("3528", 16),
        ("36", 14),
        ("300", 14),
        ("62", 16),
    ]);
    let mut digits = format!("{prefix}{}", dice.text(DIGITS, length - prefix.len() - 1));
    let check =
        (0..10).find(|check| check_sum(&format!("{digits}{check}")).is_multiple_of(10)).unwrap();
    digits.push_str(&check.to_string());
    match dice.below(3) {
        0 => digits,
        1 => grouped(&digits, ' '),
        _ => grouped(&digits, '-'),
    }
}

/// Doubles every second digit from the right (ISO/IEC 7812-1, annex B).
fn check_sum(digits: &str) -> u32 {
    let values = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate();
    values
        .map(|(place, digit)| if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum()
}

/// As it is embossed: 4-4-4-4, 4-6-5, 4-6-4.
fn grouped(digits: &str, by: char) -> String {
    let cuts: &[usize] = if digits.len() == 16 { &[4, 8, 12] } else { &[4, 10] };
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if cuts.contains(&index) {
            text.push(by);
        }
        text.push(digit);
    }
    text
}

fn private_key(dice: &mut Dice) -> String {
    let kind = dice.pick(&[
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
    ]);
    let count = dice.between(60, 600);
    let body = base64(&dice.bytes(count), BASE64, true);
    let lines: Vec<_> =
        body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----", lines.join("\n"))
}

/// Settings and headers that hold secrets.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "password", "db_password", "POSTGRES_PASSWORD", "PGPASSWORD", "MYSQL_ROOT_PASSWORD", "spring.datasource.password",
    "userPassword", "new_password", "password_confirmation", "passwd", "pwd", "smtp_pass", "passphrase", "ssl_key_passphrase",
    "SECRET_KEY", "secret_key_base", "APP_SECRET", "client_secret", "clientSecret", "slack_signing_secret", "jwt_secret",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "api_key", "apiKey", "X-Api-Key", "OPENAI_API_KEY", "AccountKey",
    "SharedAccessKey", "private_key", "encryption_key", "access_token", "refresh_token", "id_token", "GH_TOKEN",
    "_authToken", "X-Auth-Token", "authenticity_token", "reset_password_token", "csrf_token", "X-CSRF-Token", "webhook_secret",
    "credentials", "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "otp", "sessionToken", "code_verifier",
];

fn named(dice: &mut Dice) -> Secret {
    let name = dice.pick(NAMES);
    let value = match name {
        "Authorization" | "Proxy-Authorization" => authorization(dice),
        "Cookie" => format!("sid={}; theme=dark", dice.text(ALNUM, 26)),
        "Set-Cookie" => format!("sid={}; Path=/; HttpOnly", dice.text(ALNUM, 26)),
        "otp" => dice.text(DIGITS, 6),
        _ => match dice.below(5) {
            0 => dice.text(HEX, 32),
            1 => dice.text(BASE64, 40),
            2 => dice.text(BASE64_URL, 43),
            3 => phrase(dice),
            _ => password(dice),
        },
    };
    Secret::Named(name, value)
}

/// RFC 6750 and RFC 7617.
fn authorization(dice: &mut Dice) -> String {
    if dice.below(2) == 0 {
        let length = dice.between(16, 60);
        return format!("Bearer {}", dice.text(&format!("{BASE64_URL}.~+/"), length));
    }
    let length = dice.between(8, 16);
    let pair = format!("{}:{}", dice.pick(&["admin", "bob", "service"]), dice.text(ALNUM, length));
    format!("Basic {}", base64(pair.as_bytes(), BASE64, true))
}

/// As a password manager makes it.
fn password(dice: &mut Dice) -> String {
    let length = dice.between(10, 24);
    format!("{}{}", dice.text(DIGITS, 1), dice.text(&format!("{ALNUM}!#$%^*-_+.?~@"), length))
}

fn phrase(dice: &mut Dice) -> String {
    const WORDS: &[&str] =
        &["correct", "horse", "battery", "staple", "orbit", "canyon", "velvet", "mango", "quartz"];
    let number = dice.below(90) + 10;
    format!("{}-{}-{}-{number}", dice.pick(WORDS), dice.pick(WORDS), dice.pick(WORDS))
}

/// RFC 4648.
pub(super) fn base64(bytes: &[u8], alphabet: &str, padded: bool) -> String {
    let alphabet = alphabet.as_bytes();
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                text.push(char::from(alphabet[(group >> (18 - 6 * place)) as usize & 63]));
            } else if padded {
                text.push('=');
            }
        }
    }
    text
}
