//! What is promised, on generated secrets and on what is none.

mod benign;
mod corpora;
mod dice;
mod events;
mod secrets;
mod speed;
