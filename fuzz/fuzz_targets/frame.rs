#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tracing_audit::__fuzz::frame(input));
