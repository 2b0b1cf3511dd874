//! Ed25519 keys of `signed-note`: public and secret halves, their text forms,
//! and the file that keeps a secret.

mod file;
mod name;
mod signer;
#[cfg(test)]
mod tests;
mod verifier;

pub(crate) use name::check_name;
pub use signer::SignerKey;
pub use verifier::VerifierKey;
