//! What this host is called.

use std::io::Read;
use std::path::Path;

use super::{Filesystem, OsFilesystem};

/// Longest name that is taken.
const NAME_BYTES_MAX: usize = 64;

/// The name of this host, with `-` for what is unusual in one; `localhost`
/// where the system does not tell.
pub(crate) fn host_name() -> String {
    let told = ["/proc/sys/kernel/hostname", "/etc/hostname"].into_iter().find_map(read);
    let named = told.or_else(|| ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(variable));
    named.unwrap_or_else(|| "localhost".to_owned())
}

fn read(path: &str) -> Option<String> {
    let mut text = String::new();
    let file = OsFilesystem.open_read(Path::new(path)).ok()?;
    file.take(1_024).read_to_string(&mut text).ok()?;
    plain(&text)
}

fn variable(name: &str) -> Option<String> {
    plain(&std::env::var(name).ok()?)
}

fn plain(name: &str) -> Option<String> {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name
        .trim()
        .chars()
        .take(NAME_BYTES_MAX)
        .map(|c| if is_usual(c) { c } else { '-' })
        .collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_usual_characters_only() {
        assert_eq!(plain(" my host+1\n"), Some("my-host-1".to_owned()));
        assert_eq!(plain("\n"), None);
        assert!(!host_name().contains(' '));
    }
}
