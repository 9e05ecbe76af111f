#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| ringway_fuzz::region::header::run(input));

/// Without the fuzzer: replays the files that are named.
#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    ringway_fuzz::replay::files(ringway_fuzz::region::header::run, std::env::args_os().skip(1))
}
