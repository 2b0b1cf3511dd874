//! Secrets made by what makes them: private keys by `openssl`, web tokens
//! signed (RFC 7515) by it and by HMAC.

use std::process::Command;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::chance::*;

/// Keys that were made once; many secrets are made of them.
pub(crate) struct Made {
    keys: Vec<String>,
}

impl Made {
    /// Where there is no `openssl`, private keys are of random bytes in the same
    /// armour, and that is said.
    pub(crate) fn new() -> Self {
        let keys: Vec<_> = [
            "genpkey -algorithm ed25519",
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
            "ecparam -name prime256v1 -genkey -noout",
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -aes-256-cbc -pass pass:x",
            "genrsa -traditional 1024",
            "genpkey -algorithm x25519",
        ]
        .iter()
        .filter_map(|arguments| {
            let made = Command::new("openssl").args(arguments.split(' ')).output().ok()?;
            String::from_utf8(made.stdout).ok().filter(|_| made.status.success())
        })
        .collect();
        if keys.is_empty() {
            println!("skipped: no `openssl` here to make private keys");
        }
        Made { keys }
    }

    /// A key in the armour of one that was made. The bytes differ each time, so
    /// that each is a secret of its own.
    pub(crate) fn private_key(&self, chance: &mut Chance) -> String {
        const NONE: &str =
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";
        let known: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let armour = if known.is_empty() { NONE } else { chance.one_of(&known) };
        let lines: Vec<String> = armour
            .trim()
            .lines()
            .map(|line| match line.contains(['-', ':', ',']) {
                true => line.to_owned(),
                false => chance.text(STANDARD, line.len().max(40)),
            })
            .collect();
        lines.join("\n")
    }

    /// A token as an identity provider issues it.
    pub(crate) fn web_token(&self, chance: &mut Chance) -> String {
        let header = chance.one_of(&[
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"alg":"HS256","kid":"k-2026-01","typ":"JWT"}"#,
            r#"{"typ":"at+jwt","alg":"HS256"}"#,
        ]);
        let claims = format!(
            r#"{{"iss":"https://login.example.com/","sub":"{}","aud":"api","iat":17{},"scope":"read"}}"#,
            chance.text(HEX, 12),
            chance.text(DIGITS, 8)
        );
        let signed = [header, &*claims].map(|part| base64(part.as_bytes(), URL_SAFE)).join(".");
        let mut mac = Hmac::<Sha256>::new_from_slice(&chance.bytes(32)).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", base64(&mac.finalize().into_bytes(), URL_SAFE))
    }
}
