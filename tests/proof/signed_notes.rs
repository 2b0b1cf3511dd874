//! `signed_note`, an implementation of C2SP `signed-note`, and the checkpoint
//! reader of `tlog_tiles`.

use signed_note::{Note as TheirNote, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::Checkpoint as TheirCheckpoint;
use tracing_audit::proof::{Checkpoint, Note, SignedCheckpoint, SignerKey, VerifierKey};

use crate::published::{ORIGIN, flips, publish, signer};

fn they_accept(note: &[u8], vkeys: &[&str]) -> bool {
    let verifiers = vkeys
        .iter()
        .map(|vkey| {
            Box::new(StandardVerifier::new(vkey).unwrap()) as Box<dyn signed_note::Verifier>
        })
        .collect();
    let Ok(note) = TheirNote::from_bytes(note) else { return false };
    note.verify(&VerifierList::new(verifiers)).is_ok_and(|(by, _)| by.len() == vkeys.len())
}

#[test]
fn our_checkpoints_are_theirs() {
    for size in [0, 1, 255, 256, 1000] {
        let published = publish(size);
        let text = published.checkpoint.to_string();
        assert!(they_accept(text.as_bytes(), &[&published.vkey]));
        let note = TheirNote::from_bytes(text.as_bytes()).unwrap();
        let theirs = TheirCheckpoint::from_bytes(note.text()).unwrap();
        let head = published.checkpoint.checkpoint().head();
        assert_eq!((theirs.origin(), theirs.size()), (ORIGIN, head.size));
        assert_eq!(&theirs.hash().0, head.root.as_bytes());
    }
}

#[test]
fn their_notes_are_ours() {
    let secret = signer().secret_text();
    let text = publish(10).checkpoint.checkpoint().to_string();
    let mut note = TheirNote::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&StandardSigner::new(&secret).unwrap()]).unwrap();
    let keys = [signer().verifier().clone()];
    let opened = SignedCheckpoint::open(note.to_bytes(), ORIGIN, &keys).unwrap();
    // Ed25519 signatures are deterministic, so both are the same to the byte.
    assert_eq!(opened.to_string(), publish(10).checkpoint.to_string());
    assert_eq!(SignerKey::parse(&secret).unwrap().verifier(), &keys[0]);
}

#[test]
fn no_flipped_bit_of_a_checkpoint_passes() {
    let published = publish(1234);
    let keys: [VerifierKey; 1] = [published.vkey.parse().unwrap()];
    let text = published.checkpoint.to_string();
    for flipped in flips(text.as_bytes()) {
        assert!(SignedCheckpoint::open(&flipped, ORIGIN, &keys).is_err());
        assert!(!they_accept(&flipped, &[&published.vkey]));
    }
}

#[test]
fn a_rotation_is_accepted_with_both_keys() {
    let (old, new) = (signer(), SignerKey::from_seed(ORIGIN, &[43; 32]).unwrap());
    let head = publish(300).checkpoint.checkpoint().head();
    let signed = Checkpoint::new(ORIGIN, head).unwrap().sign(&[&old, &new]).unwrap();
    let vkeys = [old.verifier().to_string(), new.verifier().to_string()];
    assert!(they_accept(signed.to_string().as_bytes(), &[&vkeys[0], &vkeys[1]]));
    let keys = [old.verifier().clone(), new.verifier().clone()];
    signed.to_string().parse::<Note>().unwrap().verify_all(&keys).unwrap();
    for key in keys {
        SignedCheckpoint::open(signed.to_string(), ORIGIN, &[key]).unwrap();
    }
}
