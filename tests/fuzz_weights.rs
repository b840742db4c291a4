//! Damaged and invented weights, images and architectures: whatever a file holds, it is read or refused, and nothing panics.
//!
//! Each test tries inputs for a bounded time: FUZZ_SECONDS, or two seconds. Seeds are fixed, so that what one run tries the
//! next one tries again.

use std::time::{Duration, Instant};

use lemmascope::random::Stream;
use lemmascope::tickets::cnn::weights::{self, Architecture};
use lemmascope::tickets::cnn::{Images, Kernel, Layer, Network};
use rand::RngExt;

/// Tries inputs until the time is over; at least a hundred.
fn for_a_while(mut attempt: impl FnMut(&mut Stream)) -> usize {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2.0);
    let (start, mut stream, mut tries) = (Instant::now(), Stream::new(7, 11), 0);
    while tries < 100 || start.elapsed() < Duration::from_secs_f64(seconds) {
        attempt(&mut stream);
        tries += 1;
    }
    tries
}

fn cases() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/weights");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// Bytes flipped, cut out, repeated or replaced by what readers look for.
fn damaged(whole: &[u8], stream: &mut Stream) -> Vec<u8> {
    const WORDS: [&[u8]; 12] = [
        b"\"shape\":[",
        b"18446744073709551615",
        b"-1",
        b"\"F32\"",
        b".weight",
        b"[[[[",
        b"}",
        b"\0",
        b"1e999",
        b"PK\x05\x06",
        b"(0,)",
        b"<U9",
    ];
    let mut bytes = whole.to_vec();
    for _ in 0..stream.random_range(1..6) {
        if bytes.is_empty() {
            break;
        }
        // Headers stand first.
        let end = if stream.random_bool(0.8) { bytes.len().min(1200) } else { bytes.len() };
        let at = stream.random_range(0..end);
        match stream.random_range(0..4) {
            0 => bytes[at] ^= 1 << stream.random_range(0..8),
            1 => bytes.truncate(at),
            2 => {
                let word = WORDS[stream.random_range(0..WORDS.len())];
                let until = (at + word.len()).min(bytes.len());
                bytes.splice(at..until, word.iter().copied());
            }
            _ => {
                let until = (at + stream.random_range(1..64)).min(bytes.len());
                let part = bytes[at..until].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

#[test]
fn damaged_weights_are_read_or_refused() {
    let (cases, folder) = (cases(), tempfile::tempdir().unwrap());
    let path = folder.path().join("net");
    let tries = for_a_while(|stream| {
        let case = &cases[stream.random_range(0..cases.len())];
        std::fs::write(&path, damaged(case, stream)).unwrap();
        for biases in [false, true] {
            if let Ok(reading) = weights::read_as(&path, None, biases) {
                assert!(reading.network.depth() > 0);
            }
        }
    });
    println!("{tries} files tried");
}

#[test]
fn damaged_images_are_read_or_refused() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/targets/digits_gap_test.npz");
    let (whole, folder) = (std::fs::read(file).unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("images.npz");
    let network = Network::new(vec![Layer { kernel: Kernel::zeros(10, 1, 1), stride: 1, pad: 0 }]).unwrap();
    let tries = for_a_while(|stream| {
        std::fs::write(&path, damaged(&whole, stream)).unwrap();
        let _ = Images::read(&path, &network, false);
    });
    println!("{tries} files tried");
}

#[test]
fn invented_architectures_are_read_or_refused() {
    const PARTS: [&str; 26] = [
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"conv\"",
        "\"conv1\"",
        "\"fc1\"",
        "\"linear\"",
        "\"relu\"",
        "\"flatten\"",
        "\"avgpool\"",
        "\"batchnorm\"",
        "\"gap\"",
        "\"stride\"",
        "\"pad\"",
        "\"k\"",
        "\"cin\"",
        "1",
        "2",
        "0",
        "-1",
        "1e9",
        "null",
        "{\"conv\": \"conv1\"}",
    ];
    const ENTRIES: [&str; 11] = [
        r#"{"conv": "conv1", "pad": 2}"#,
        r#"{"conv": "conv2"}"#,
        r#""relu""#,
        r#"{"avgpool": 2}"#,
        r#"{"avgpool": 4096}"#,
        r#""flatten""#,
        r#"{"linear": "fc1"}"#,
        r#"{"linear": "fc2", "fixed": true}"#,
        r#""gap""#,
        r#"{"batchnorm": "bn"}"#,
        r#"{"leakyrelu": 0.1}"#,
    ];
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/weights/slt-lenet5.safetensors");
    let mut read = 0;
    let tries = for_a_while(|stream| {
        let parts: &[&str] = if stream.random_bool(0.2) { &PARTS } else { &ENTRIES };
        let count = stream.random_range(1..12);
        let words: Vec<&str> = (0..count).map(|_| parts[stream.random_range(0..parts.len())]).collect();
        let text = if parts.len() == PARTS.len() { words.concat() } else { format!("[{}]", words.join(",")) };
        if let Ok(arch) = Architecture::parse("arch", &text) {
            read += 1;
            let _ = weights::read_as(&file, Some(&arch), false);
        }
    });
    assert!(read > 0);
    println!("{tries} texts tried, {read} read");
}
