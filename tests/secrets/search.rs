//! Whether any of many secrets is in some bytes, plainly or escaped, whole or
//! the better part of it.

use std::collections::{BTreeMap, HashMap};

use crate::issued::Secret;
use crate::places::encoded;

/// The least part that counts. Chance does not make it.
const PART_BYTES: usize = 12;

/// Where the secret with a number was found.
pub(crate) type Found = BTreeMap<usize, Vec<String>>;

pub(crate) struct Search {
    parts: HashMap<[u8; PART_BYTES], usize>,
    /// The three bytes that a part may begin with.
    begins: Vec<bool>,
}

impl Search {
    pub(crate) fn new(secrets: &[Secret]) -> Self {
        let mut search = Search { parts: HashMap::new(), begins: vec![false; 1 << 24] };
        for (number, secret) in secrets.iter().enumerate() {
            let quoted = format!("{:?}", secret.text);
            let quoted = quoted.trim_matches('"');
            let twice = quoted.replace('\\', "\\\\");
            for form in [&secret.text, quoted, &twice, &encoded(&secret.text)] {
                search.add(form, number);
            }
        }
        search
    }

    /// Its end, and its middle. The armour of a key and the word before a token
    /// are no secrets.
    fn add(&mut self, form: &str, number: usize) {
        let body = form.split("-----END").next().unwrap_or_default();
        let body = body.trim_end_matches(['\n', '\\', 'n']).trim_end_matches("%0A").as_bytes();
        for end in [body.len(), body.len() - body.len() / 3] {
            if let Some(part) = body[..end].last_chunk() {
                self.parts.insert(*part, number);
                self.begins[begin(part)] = true;
            }
        }
    }

    /// Notes the secrets that are in `bytes`.
    pub(crate) fn found(&self, name: &str, bytes: &[u8]) -> Found {
        let mut found = Found::new();
        for window in bytes.windows(PART_BYTES) {
            if self.begins[begin(window)] {
                if let Some(number) = self.parts.get(window) {
                    found.entry(*number).or_default().push(name.to_owned());
                }
            }
        }
        found
    }
}

fn begin(part: &[u8]) -> usize {
    usize::from(part[0]) << 16 | usize::from(part[1]) << 8 | usize::from(part[2])
}
